// SPDX-License-Identifier: Apache-2.0
#include "route/status.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace nlb::route {

using model::RouteReason;

namespace {

/// Appends a message to the list of its kind.
struct Keeper {
    Status& to;

    void operator()(const contract::Peer& m) const { to.peers.push_back(m); }

    void operator()(const contract::ListenerState& m) const { to.bindings.push_back(m); }

    void operator()(const contract::ZonalShift& m) const { to.shifts.push_back(m); }

    void operator()(const contract::DnsZone& m) const { to.dns.push_back(m); }

    void operator()(const contract::Advice& m) const { to.advice.push_back(m); }

    void operator()(const contract::Vote& m) const { to.votes.push_back(m); }

    void operator()(const contract::TargetGroup& m) const { to.checks.push_back(m); }

    void operator()(const contract::TargetHealth& m) const { to.health.push_back(m); }

    void operator()(const contract::Listener& m) const { to.listeners.push_back(m); }

    void operator()(const contract::Routing& m) const { to.routings.push_back(m); }

    void operator()(const contract::Route& m) const { to.routes.push_back(m); }

    void operator()(const contract::Counter& m) const { to.counters.push_back(m); }

    template <class Other>
    void operator()(const Other& /*unused*/) const {}
};

std::string words(const contract::TargetHealth& health) {
    std::string text(to_text(health.state));
    if (health.reason) text += " (" + std::string(to_text(*health.reason)) + ")";
    if (health.description) text += ": " + *health.description;
    return text;
}

bool is_target(const model::TargetId& id, std::string_view wanted) {
    return id.value == wanted || id.value.substr(0, id.value.rfind(':')) == wanted;
}

void explain_votes(const Status& status, const contract::TargetHealth& health,
                   Explanation& explanation) {
    for (const contract::Vote& vote : status.votes) {
        if (vote.group != health.group || vote.target != health.target) continue;
        std::string line = "  checked by " + vote.voter + ": " + std::string(to_text(vote.state));
        if (vote.description) line += ": " + *vote.description;
        if (vote.silent) line += " (silent for two intervals: does not count)";
        explanation.lines.push_back(std::move(line));
    }
}

void explain_routes(const Status& status, const contract::TargetHealth& health,
                    Explanation& explanation) {
    for (const contract::Route& route : status.routes) {
        if (route.group != health.group || route.target != health.target) continue;
        explanation.takes_flows = explanation.takes_flows || route.eligible;
        std::string line = "  node of zone " + route.zone +
                           (route.eligible ? ": takes flows, " : ": takes no flows, ") +
                           std::string(to_text(route.reason)) + ": " +
                           std::string(sentence(route.reason));
        if (route.terminated.value_or(false)) line += "; its connections are reset";
        if (route.kept.value_or(false)) line += "; its connections go on";
        if (route.state == model::HealthState::UnhealthyDraining)
            line += "; unhealthy.draining: its connections go on for the draining interval";
        explanation.lines.push_back(std::move(line));
    }
}

} // namespace

void Status::take(const contract::Message& message) {
    std::visit(Keeper{*this}, message);
}

std::string_view sentence(RouteReason reason) {
    switch (reason) {
    case RouteReason::Healthy: return "its checks pass";
    case RouteReason::FailOpen: return "no target of the group is healthy in any enabled zone";
    case RouteReason::UnhealthyStateRouting:
        return "fewer targets in reach are healthy than unhealthy_state_routing asks for";
    case RouteReason::OtherZone:
        return "it is in another zone, and cross-zone load balancing is off";
    case RouteReason::ZoneNotEnabled: return "the load balancer has no node in its zone";
    case RouteReason::ZonalShift: return "traffic is shifted away from the node's zone";
    case RouteReason::Initial: return "it has not passed its first check";
    case RouteReason::Unhealthy: return "its checks fail";
    case RouteReason::Draining: return "it is being deregistered";
    case RouteReason::Unused: return "it cannot be in service";
    case RouteReason::Unavailable: break;
    }
    return "its health cannot be checked";
}

bool is_group(const model::TargetGroupId& id, std::string_view name) {
    const std::string_view text = id.value;
    const std::size_t first = text.find('/');
    const std::size_t last = text.rfind('/');
    return text == name ||
           (first < last && last != text.npos && text.substr(first + 1, last - first - 1) == name);
}

Explanation explain_target(const Status& status, std::string_view target, std::string_view group) {
    Explanation explanation;
    for (const contract::TargetHealth& health : status.health) {
        if (!is_target(health.target, target)) continue;
        if (!group.empty() && !is_group(health.group, group)) continue;
        explanation.is_registered = true;
        explanation.lines.push_back(health.group.value + ": target " +
                                    in_quotes(health.target.value) + " is " + words(health));
        explain_votes(status, health, explanation);
        explain_routes(status, health, explanation);
    }
    if (explanation.is_registered) return explanation;
    const std::string where = group.empty() ? "any target group in use" : std::string(group);
    explanation.lines.push_back("target " + in_quotes(std::string(target)) +
                                " is unused (Target.NotRegistered): it is not registered with " +
                                where);
    return explanation;
}

} // namespace nlb::route
