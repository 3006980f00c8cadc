// SPDX-License-Identifier: Apache-2.0
#include "route/evaluate.hpp"

#include <algorithm>
#include <set>

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
    const Deregistration* deregistration = nullptr; ///< null: registered
    bool fails_checks = false;

    [[nodiscard]] bool is_healthy() const { return health.state == HealthState::Healthy; }
};

Standing standing_of(const GroupUse& use, const model::Target& target, const GroupHealth& health) {
    Standing one{&target, target.key(), in_enabled_zone(use, target), {}, nullptr, false};
    const auto known = health.find(one.id);
    if (known != health.end()) one.health = known->second;
    one.fails_checks = one.health.state == HealthState::Unhealthy;
    if (!one.fails_checks || use.unhealthy_draining == nullptr) return one;
    const auto draining = use.unhealthy_draining->find(one.id);
    if (draining != use.unhealthy_draining->end() && !draining->second.is_over)
        one.health.state = HealthState::UnhealthyDraining;
    return one;
}

std::vector<Standing> standings(const GroupUse& use, const GroupHealth& health) {
    std::vector<Standing> all;
    all.reserve(use.group->targets.size());
    for (const model::Target& target : use.group->targets) {
        Standing one = standing_of(use, target, health);
        const auto cause = use.unused.find(one.id);
        if (cause != use.unused.end()) one.health = {HealthState::Unused, cause->second.reason};
        all.push_back(std::move(one));
    }
    if (use.deregistered == nullptr) return all;
    for (const Deregistration& gone : *use.deregistered) {
        Standing one = standing_of(use, gone.target, health);
        one.health = {HealthState::Draining, HealthReason::TargetDeregistrationInProgress};
        if (gone.is_over) one.health = {HealthState::Unused, HealthReason::TargetNotRegistered};
        one.deregistration = &gone;
        all.push_back(std::move(one));
    }
    return all;
}

bool reaches(const model::Zone& node, bool crosses, const Standing& one) {
    if (!one.zone_enabled) return false;
    return crosses || one.target->all_zones || one.target->zone == node.name;
}

NodeRoutes count_in_reach(const model::Zone& zone, bool crosses, const std::vector<Standing>& all) {
    NodeRoutes node{&zone, RouteReason::Healthy, true, 0, 0, {}};
    for (const Standing& one : all) {
        if (one.deregistration != nullptr || !reaches(zone, crosses, one)) continue;
        if (one.health.state != HealthState::Draining) ++node.registered;
        if (one.is_healthy()) ++node.healthy;
    }
    return node;
}

/// Is a threshold breached? Either is enough [p.57].
bool too_few_healthy(const NodeRoutes& node, std::uint32_t count,
                     const std::optional<std::uint32_t>& percentage) {
    if (node.healthy < count) return true;
    return percentage && node.healthy * 100 < std::size_t{*percentage} * node.registered;
}

/// Without a threshold a zone needs one healthy target to be answered in DNS [p.51].
bool is_dns_healthy(const model::TargetGroupAttributes& attributes, const NodeRoutes& node) {
    return !too_few_healthy(node, attributes.dns_failover_minimum_healthy_targets_count.value_or(1),
                            attributes.dns_failover_minimum_healthy_targets_percentage);
}

RouteReason mode_of(const GroupUse& use, const NodeRoutes& node, bool any_healthy) {
    if (node.zone->name == use.shifted_zone) return RouteReason::ZonalShift;
    if (!any_healthy) return RouteReason::FailOpen;
    const auto& attributes = use.group->attributes;
    return too_few_healthy(node, attributes.unhealthy_state_routing_minimum_healthy_targets_count,
                           attributes.unhealthy_state_routing_minimum_healthy_targets_percentage)
               ? RouteReason::UnhealthyStateRouting
               : RouteReason::Healthy;
}

/// Why a target in reach that is neither healthy nor let in by the node's mode stays out.
RouteReason reason_of(HealthState state) {
    switch (state) {
    case HealthState::Healthy: return RouteReason::Healthy;
    case HealthState::Initial: return RouteReason::Initial;
    case HealthState::UnhealthyDraining:
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

/// Connections of a deregistered target are closed when its delay is over and the group says so
/// [p.45]; those of one that fails its checks as well, if failing targets lose theirs and the group
/// does not fail open [p.51].
bool is_terminated(const GroupUse& use, const Standing& one, bool any_healthy) {
    if (one.deregistration == nullptr) return false;
    const bool fails = one.fails_checks && any_healthy &&
                       use.group->attributes.unhealthy_connection_termination_enabled;
    return one.deregistration->is_over || fails;
}

/// The draining interval, where there is one, says it with the state. Datagrams have no connection
/// to keep: the next of a client goes to another target.
bool is_kept(const GroupUse& use, const Standing& one) {
    const auto& attributes = use.group->attributes;
    return one.health.state == HealthState::Unhealthy &&
           use.group->protocol != model::Protocol::Udp &&
           !attributes.unhealthy_connection_termination_enabled &&
           attributes.unhealthy_draining_interval_seconds == 0;
}

TargetRoute route_of(const Standing& one, bool in_reach, RouteReason mode) {
    TargetRoute route{one.target, one.id, false, RouteReason::ZoneNotEnabled, one.health};
    if (!one.zone_enabled) return route;
    route.reason = RouteReason::OtherZone;
    if (!in_reach) return route;
    route.reason = reason_of(one.health.state);
    const bool in_service = takes_flows_whatever_its_health(one.health.state);
    if (mode == RouteReason::ZonalShift) {
        if (in_service) route.reason = mode;
        return route;
    }
    route.eligible = one.is_healthy();
    if (!route.eligible && mode != RouteReason::Healthy && in_service) {
        route.reason = mode;
        route.eligible = true;
    }
    return route;
}

/// Zones in which a node of the load balancer is so for one of its groups.
template <class Is>
std::set<model::ZoneName> zones_with(const RouteSet& set, const model::LoadBalancer& load_balancer,
                                     Is is) {
    std::set<model::ZoneName> zones;
    for (const GroupRoutes& group : set.groups) {
        if (group.use.load_balancer != &load_balancer) continue;
        for (const NodeRoutes& node : group.nodes) {
            if (is(node)) zones.insert(node.zone->name);
        }
    }
    return zones;
}

} // namespace

GroupRoutes evaluate(const GroupUse& use, const GroupHealth& health) {
    const std::vector<Standing> all = standings(use, health);
    const bool any_healthy =
        std::any_of(all.begin(), all.end(), [](const Standing& one) { return one.is_healthy(); });
    GroupRoutes routes{use, {}};
    for (const model::Zone& zone : use.load_balancer->zones) {
        NodeRoutes node = count_in_reach(zone, crosses_zones(use), all);
        node.mode = mode_of(use, node, any_healthy);
        node.is_dns_healthy = is_dns_healthy(use.group->attributes, node);
        node.targets.reserve(all.size());
        for (const Standing& one : all) {
            const bool in_reach = reaches(zone, crosses_zones(use), one);
            node.targets.push_back(route_of(one, in_reach, node.mode));
            node.targets.back().is_terminated = is_terminated(use, one, any_healthy);
            node.targets.back().is_kept = is_kept(use, one);
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

std::vector<const model::Zone*> zones_in_dns(const RouteSet& set,
                                             const model::LoadBalancer& load_balancer) {
    const auto is_shifted = [](const NodeRoutes& node) {
        return node.mode == RouteReason::ZonalShift;
    };
    const auto is_unhealthy = [](const NodeRoutes& node) { return !node.is_dns_healthy; };
    const auto shifted = zones_with(set, load_balancer, is_shifted);
    const auto unhealthy = zones_with(set, load_balancer, is_unhealthy);
    std::vector<const model::Zone*> healthy;
    std::vector<const model::Zone*> rest; // when no zone is healthy, all that are not shifted
    for (const model::Zone& zone : load_balancer.zones) {
        if (shifted.contains(zone.name)) continue;
        rest.push_back(&zone);
        if (!unhealthy.contains(zone.name)) healthy.push_back(&zone);
    }
    return healthy.empty() ? rest : healthy;
}

} // namespace nlb::route
