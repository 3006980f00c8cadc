// SPDX-License-Identifier: Apache-2.0
#include "model/changes.hpp"

#include <algorithm>

namespace nlb::model {

namespace {

using Lines = std::vector<std::string>;

template <class Resource>
const Resource* same(const std::vector<Resource>& all, const Resource& wanted) {
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Resource& one) { return one.id == wanted.id; });
    return found == all.end() ? nullptr : &*found;
}

std::string addresses(const Zone& zone) {
    std::string text = zone.address.text();
    if (zone.ipv6_address) text += " and " + zone.ipv6_address->text();
    return text;
}

/// An IPv6 address may be added, when the balancer becomes dualstack [p.18].
bool keeps_addresses(const Zone& before, const Zone& after) {
    return before.address == after.address &&
           (!before.ipv6_address || before.ipv6_address == after.ipv6_address);
}

void compare(const LoadBalancer& before, const LoadBalancer& after, Lines& lines) {
    const std::string who = "load balancer " + before.name.value + ": zone ";
    for (const Zone& zone : before.zones) {
        const auto now = std::find_if(after.zones.begin(), after.zones.end(),
                                      [&](const Zone& one) { return one.name == zone.name; });
        if (now == after.zones.end()) {
            lines.push_back(who + zone.name.value + " cannot be removed");
        } else if (!keeps_addresses(zone, *now)) {
            lines.push_back(who + zone.name.value + " keeps its address " + addresses(zone) +
                            ", not " + addresses(*now));
        }
    }
}

void compare(const TargetGroup& before, const TargetGroup& after, Lines& lines) {
    const std::string who = "target group " + before.name.value + ": ";
    if (before.target_type != after.target_type) {
        lines.push_back(who + "target_type stays " + std::string(to_text(before.target_type)));
    }
    if (before.ip_address_type != after.ip_address_type) {
        lines.push_back(who + "ip_address_type stays " +
                        std::string(to_text(before.ip_address_type)));
    }
}

bool is_registered(const Configuration& configuration, const TargetGroup& group,
                   const Target& target) {
    const TargetGroup* there = same(configuration.target_groups, group);
    return there != nullptr &&
           std::any_of(there->targets.begin(), there->targets.end(),
                       [&](const Target& one) { return one.key() == target.key(); });
}

/// An instance is registered while it runs; one that is registered may stop [p.62].
void compare_registrations(const Configuration& before, const Configuration& after, Lines& lines) {
    for (const TargetGroup& group : after.target_groups) {
        if (group.target_type != TargetType::Instance) continue;
        for (const Target& target : group.targets) {
            const auto instance = after.inventory.instances.find(target.id);
            if (instance == after.inventory.instances.end() ||
                instance->second.state == InstanceState::Running ||
                is_registered(before, group, target))
                continue;
            lines.push_back("target group " + group.name.value + ": instance " + target.id +
                            " is " + std::string(to_text(instance->second.state)) +
                            " and cannot be registered");
        }
    }
}

} // namespace

Lines forbidden_changes(const Configuration& before, const Configuration& after) {
    Lines lines;
    for (const LoadBalancer& load_balancer : before.load_balancers) {
        if (const LoadBalancer* now = same(after.load_balancers, load_balancer)) {
            compare(load_balancer, *now, lines);
        } else if (load_balancer.attributes.deletion_protection_enabled) {
            lines.push_back("load balancer " + load_balancer.name.value +
                            ": deletion_protection.enabled is true, it cannot be removed");
        }
    }
    for (const TargetGroup& group : before.target_groups) {
        if (const TargetGroup* now = same(after.target_groups, group)) compare(group, *now, lines);
    }
    compare_registrations(before, after, lines);
    return lines;
}

} // namespace nlb::model
