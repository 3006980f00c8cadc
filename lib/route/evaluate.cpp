// SPDX-License-Identifier: Apache-2.0
#include "route/evaluate.hpp"

#include <algorithm>

namespace nlb::route {

using model::HealthReason;
using model::HealthState;
using model::RouteReason;

namespace {

/// What is the same for every node.
struct Standing {
    const model::Target* target = nullptr;
    model::TargetId id;
    bool zone_enabled = false;
    Health health;

    [[nodiscard]] bool is_healthy() const { return health.state == HealthState::Healthy; }
};

std::vector<Standing> standings(const GroupUse& use, const GroupHealth& health) {
    std::vector<Standing> all;
    all.reserve(use.group->targets.size());
    for (const model::Target& target : use.group->targets) {
        Standing one{&target, target.key(), in_enabled_zone(use, target), {}};
        const auto known = health.find(one.id);
        if (known != health.end()) one.health = known->second;
        if (!one.zone_enabled) one.health = {HealthState::Unused, HealthReason::TargetNotInUse};
        all.push_back(std::move(one));
    }
    return all;
}

bool reaches(const model::Zone& node, bool crosses, const Standing& one) {
    if (!one.zone_enabled) return false;
    return crosses || one.target->all_zones || one.target->zone == node.name;
}

NodeRoutes count_in_reach(const model::Zone& zone, bool crosses, const std::vector<Standing>& all) {
    NodeRoutes node{&zone, RouteReason::Healthy, 0, 0, {}};
    for (const Standing& one : all) {
        if (!reaches(zone, crosses, one)) continue;
        if (one.health.state != HealthState::Draining) ++node.registered;
        if (one.is_healthy()) ++node.healthy;
    }
    return node;
}

/// Is a threshold breached? Either is enough [p.57].
bool too_few_healthy(const model::TargetGroupAttributes& attributes, const NodeRoutes& node) {
    if (node.healthy < attributes.unhealthy_state_routing_minimum_healthy_targets_count) {
        return true;
    }
    const auto& percentage = attributes.unhealthy_state_routing_minimum_healthy_targets_percentage;
    return percentage && node.healthy * 100 < std::size_t{*percentage} * node.registered;
}

/// Why a target in reach that is neither healthy nor let in by the node's mode stays out.
RouteReason reason_of(HealthState state) {
    switch (state) {
    case HealthState::Healthy: return RouteReason::Healthy;
    case HealthState::Initial: return RouteReason::Initial;
    case HealthState::Unhealthy: return RouteReason::Unhealthy;
    case HealthState::Unused: return RouteReason::Unused;
    case HealthState::Draining: return RouteReason::Draining;
    case HealthState::Unavailable: break;
    }
    return RouteReason::Unavailable;
}

bool takes_flows_whatever_its_health(HealthState state) {
    return state != HealthState::Draining && state != HealthState::Unused;
}

TargetRoute route_of(const Standing& one, bool in_reach, RouteReason mode) {
    TargetRoute route{one.target, one.id, false, RouteReason::ZoneNotEnabled, one.health};
    if (!one.zone_enabled) return route;
    route.reason = RouteReason::OtherZone;
    if (!in_reach) return route;
    route.reason = reason_of(one.health.state);
    route.eligible = one.is_healthy();
    if (!route.eligible && mode != RouteReason::Healthy &&
        takes_flows_whatever_its_health(one.health.state)) {
        route.reason = mode;
        route.eligible = true;
    }
    return route;
}

} // namespace

std::vector<GroupUse> groups_in_use(const model::Configuration& configuration) {
    std::map<model::TargetGroupName, GroupUse> uses;
    for (const model::LoadBalancer& load_balancer : configuration.load_balancers) {
        for (const model::Listener& listener : load_balancer.listeners) {
            GroupUse& use = uses[listener.target_group];
            use.load_balancer = &load_balancer;
            use.listeners.push_back(&listener);
        }
    }
    std::vector<GroupUse> found;
    for (const model::TargetGroup& group : configuration.target_groups) {
        const auto use = uses.find(group.name);
        if (use == uses.end()) continue;
        use->second.group = &group;
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

GroupRoutes evaluate(const GroupUse& use, const GroupHealth& health) {
    const std::vector<Standing> all = standings(use, health);
    const bool any_healthy =
        std::any_of(all.begin(), all.end(), [](const Standing& one) { return one.is_healthy(); });
    GroupRoutes routes{use, {}};
    for (const model::Zone& zone : use.load_balancer->zones) {
        NodeRoutes node = count_in_reach(zone, crosses_zones(use), all);
        if (!any_healthy) {
            node.mode = RouteReason::FailOpen;
        } else if (too_few_healthy(use.group->attributes, node)) {
            node.mode = RouteReason::UnhealthyStateRouting;
        }
        node.targets.reserve(all.size());
        for (const Standing& one : all) {
            const bool in_reach = reaches(zone, crosses_zones(use), one);
            node.targets.push_back(route_of(one, in_reach, node.mode));
        }
        routes.nodes.push_back(std::move(node));
    }
    return routes;
}

RouteSet evaluate(const model::Configuration& configuration, const HealthByGroup& health) {
    RouteSet set;
    for (const GroupUse& use : groups_in_use(configuration)) {
        const auto known = health.find(use.group->id);
        set.groups.push_back(evaluate(use, known == health.end() ? GroupHealth{} : known->second));
    }
    return set;
}

} // namespace nlb::route
