// SPDX-License-Identifier: Apache-2.0
#include "route/use.hpp"

#include <algorithm>
#include <set>

namespace nlb::route {

using model::HealthReason;

namespace {

/// Where the balancers of the configuration listen: a target there would be a loop.
std::set<Endpoint> balancer_endpoints(const model::Configuration& configuration) {
    std::set<Endpoint> found;
    for (const model::LoadBalancer& balancer : configuration.load_balancers) {
        for (const model::Listener& listener : balancer.listeners) {
            for (const model::Zone& zone : balancer.zones) {
                found.insert({zone.address, listener.port});
                if (zone.ipv6_address) found.insert({*zone.ipv6_address, listener.port});
            }
        }
    }
    return found;
}

std::string describe(model::InstanceState state) {
    switch (state) {
    case model::InstanceState::Stopped: return "Target is in the stopped state";
    case model::InstanceState::Terminated: return "Target is in the terminated state";
    default: return "Target is in an invalid state";
    }
}

std::map<model::TargetId, UnusedCause> unused_of(const GroupUse& use,
                                                 const model::Inventory& inventory,
                                                 const std::set<Endpoint>& balancers) {
    std::map<model::TargetId, UnusedCause> unused;
    for (const model::Target& target : use.group->targets) {
        const auto instance = inventory.instances.find(target.id);
        const bool is_instance = use.group->target_type == model::TargetType::Instance &&
                                 instance != inventory.instances.end();
        if (!in_enabled_zone(use, target)) {
            unused[target.key()] = {HealthReason::TargetNotInUse,
                                    "Target is in an Availability Zone that is not enabled for the "
                                    "load balancer"};
        } else if (is_instance && instance->second.state != model::InstanceState::Running) {
            unused[target.key()] = {HealthReason::TargetInvalidState,
                                    describe(instance->second.state)};
        } else if (balancers.contains({target.address, target.port})) {
            unused[target.key()] = {HealthReason::TargetIpUnusable,
                                    "The IP address cannot be used as a target, as it is in use by "
                                    "a load balancer"};
        }
    }
    return unused;
}

} // namespace

WallTime Deregistration::deadline() const {
    return is_over ? until.after_seconds(kTerminationSeconds) : until;
}

std::vector<GroupUse> groups_in_use(const model::Configuration& configuration) {
    std::map<model::TargetGroupName, GroupUse> uses;
    for (const model::LoadBalancer& load_balancer : configuration.load_balancers) {
        for (const model::Listener& listener : load_balancer.listeners) {
            GroupUse& use = uses[listener.target_group];
            use.load_balancer = &load_balancer;
            use.listeners.push_back(&listener);
        }
    }
    const std::set<Endpoint> own = balancer_endpoints(configuration);
    std::vector<GroupUse> found;
    for (const model::TargetGroup& group : configuration.target_groups) {
        const auto use = uses.find(group.name);
        if (use == uses.end()) continue;
        use->second.group = &group;
        use->second.unused = unused_of(use->second, configuration.inventory, own);
        found.push_back(std::move(use->second));
    }
    return found;
}

bool crosses_zones(const GroupUse& use) {
    switch (use.group->attributes.load_balancing_cross_zone_enabled) {
    case model::CrossZone::True: return true;
    case model::CrossZone::False: return false;
    case model::CrossZone::UseLoadBalancerConfiguration: break;
    }
    return use.load_balancer->attributes.load_balancing_cross_zone_enabled;
}

bool in_enabled_zone(const GroupUse& use, const model::Target& target) {
    const auto& zones = use.load_balancer->zones;
    return target.all_zones || std::any_of(zones.begin(), zones.end(), [&](const auto& zone) {
               return zone.name == target.zone;
           });
}

} // namespace nlb::route
