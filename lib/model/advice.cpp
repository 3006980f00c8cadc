// SPDX-License-Identifier: Apache-2.0
// Advice of the guide: what is allowed and yet rarely wanted.
#include "base/text.hpp"
#include "model/rule_context.hpp"

namespace nlb::model {

namespace {

constexpr std::uint32_t kAdvisedDelaySeconds = 120; // [p.45]

/// Every enabled zone should have a target of every group [p.41].
void advise_zones(RuleContext& context, std::size_t balancer, std::size_t index) {
    const LoadBalancer& lb = context.configuration.load_balancers[balancer];
    const TargetGroup& group = context.configuration.target_groups[index];
    std::set<ZoneName> served;
    for (const Target& target : group.targets) {
        if (target.all_zones) return;
        served.insert(target.zone);
    }
    for (std::size_t i = 0; i < lb.zones.size(); ++i) {
        if (served.count(lb.zones[i].name) != 0) continue;
        context.warning(RuleContext::balancer(balancer) / "zones" / i / "name",
                        "target group " + in_quotes(group.name.value) +
                            " has no target in this zone",
                        {RuleContext::group(index) / "targets"});
    }
}

/// A target in a zone that is not enabled is unused [p.42].
void advise_targets(RuleContext& context, std::size_t balancer, std::size_t index) {
    const LoadBalancer& lb = context.configuration.load_balancers[balancer];
    const TargetGroup& group = context.configuration.target_groups[index];
    std::set<ZoneName> enabled;
    for (const Zone& zone : lb.zones)
        enabled.insert(zone.name);
    for (std::size_t i = 0; i < group.targets.size(); ++i) {
        const Target& target = group.targets[i];
        if (target.all_zones || target.zone.empty() || enabled.count(target.zone) != 0) continue;
        context.warning(RuleContext::group(index) / "targets" / i / "zone",
                        "unused: load balancer " + in_quotes(lb.name.value) +
                            " has no node in zone " + in_quotes(target.zone.value));
    }
}

} // namespace

void advise(RuleContext& context) {
    const Configuration& c = context.configuration;
    for (std::size_t i = 0; i < c.target_groups.size(); ++i) {
        if (!context.users(i).empty()) {
            const std::size_t owner = *context.users(i).begin();
            advise_zones(context, owner, i);
            advise_targets(context, owner, i);
        }
        if (c.target_groups[i].attributes.deregistration_delay_timeout_seconds >=
            kAdvisedDelaySeconds) {
            continue;
        }
        context.warning(RuleContext::group(i) / "attributes" /
                            "deregistration_delay.timeout_seconds",
                        "at least 120 is advised, so that connections can finish");
    }
}

} // namespace nlb::model
