// SPDX-License-Identifier: Apache-2.0
// Which targets may take new flows from which node, and why not the others: one pure function of
// the configuration and what is known about health.
//
// The rules, in the order they are asked [AWS guide, pages of its table of contents]:
//  * A target whose zone has no node is not in use: `unused`, Target.NotInUse [p.53].
//  * A node reaches the targets of its own zone; with cross-zone load balancing those of all
//    enabled zones. The group's attribute overrides the load balancer's [p.55]. A target
//    registered for all zones belongs to each of them.
//  * Healthy targets in reach take flows.
//  * No healthy target in any enabled zone: the group fails open [p.51].
//  * Fewer healthy targets in reach than a threshold asks for, by count or by percentage of the
//    registered ones in reach: unhealthy-state routing [p.57].
//  * In both cases every target in reach takes flows, whatever its health, except those that
//    are no longer, or not at all, in service: a draining one, which is deregistered and gets no
//    new flow at once [p.42], and an unused one, which is stopped or whose address belongs to a
//    balancer [p.53]. Failing open does not reach across zones: p.57-58 has a node send to all
//    targets "available to it", which with cross-zone off are those of its zone.
//  * Draining targets are not registered any more: no percentage counts them [p.57]. Their
//    connections go on. They are to be terminated when the delay is over and the group says so
//    [p.45], and when the target fails its checks meanwhile, unless the group fails open [p.51].
//  * Connections of an unhealthy target are terminated, unless the group says otherwise: then they
//    go on, or, with a draining interval, until its end; the target is unhealthy.draining meanwhile
//    [API, TargetGroupAttribute: target_health_state.unhealthy].
//  * The node of a zone that traffic is shifted away from opens no flows; those it has go on
//  [p.20].
//  * A zone is answered in DNS when no target group has fewer healthy targets in reach of its node
//    than the DNS-failover threshold asks for (at least one), and it is not shifted away. When no
//    zone is left, all are answered that are not shifted away [p.57].
#pragma once

#include "route/use.hpp"

#include <map>
#include <vector>

namespace nlb::route {

/// A target nobody has reported on is being registered [p.53].
struct Health {
    model::HealthState state = model::HealthState::Initial;
    model::HealthReason reason = model::HealthReason::ElbRegistrationInProgress;

    bool operator==(const Health&) const = default;
};

using GroupHealth = std::map<model::TargetId, Health>;
using HealthByGroup = std::map<model::TargetGroupId, GroupHealth>;

struct TargetRoute {
    const model::Target* target = nullptr;
    model::TargetId id;
    bool eligible = false;
    model::RouteReason reason = model::RouteReason::Initial;
    Health health;
    bool is_terminated = false; ///< its connections are to be reset
    bool is_kept = false;       ///< unhealthy, and its connections go on
};

/// How one node treats the group.
struct NodeRoutes {
    const model::Zone* zone = nullptr;
    /// Healthy, FailOpen, UnhealthyStateRouting or ZonalShift.
    model::RouteReason mode = model::RouteReason::Healthy;
    bool is_dns_healthy = true; ///< no DNS-failover threshold is breached
    std::size_t healthy = 0;    ///< in reach of the node
    std::size_t registered = 0; ///< in reach of the node
    /// In the order of the configuration, deregistered ones last.
    std::vector<TargetRoute> targets;
};

struct GroupRoutes {
    GroupUse use;
    std::vector<NodeRoutes> nodes; ///< in the order of the load balancer's zones
};

/// Points into the configuration.
struct RouteSet {
    std::vector<GroupRoutes> groups;
};

GroupRoutes evaluate(const GroupUse& use, const GroupHealth& health);
RouteSet evaluate(const model::Configuration& configuration, const HealthByGroup& health);

/// The zones of `load_balancer` whose node addresses are answered in DNS, in the order of its
/// zones; one group that is not healthy in a zone takes the zone out for all.
std::vector<const model::Zone*> zones_in_dns(const RouteSet& set,
                                             const model::LoadBalancer& load_balancer);

} // namespace nlb::route
