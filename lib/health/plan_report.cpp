// SPDX-License-Identifier: Apache-2.0
// What the plan says of its targets.
#include "health/plan.hpp"

#include "base/check.hpp"

#include <algorithm>

namespace nlb::health {

using model::HealthReason;
using model::HealthState;

std::string_view description_of(HealthReason reason) {
    switch (reason) {
    case HealthReason::None: return "";
    case HealthReason::ElbInitialHealthChecking: return "Initial health checks in progress";
    case HealthReason::ElbInternalError: return "Health checks failed due to an internal error";
    case HealthReason::ElbRegistrationInProgress: return "Target registration is in progress";
    case HealthReason::TargetDeregistrationInProgress:
        return "Target deregistration is in progress";
    case HealthReason::TargetFailedHealthChecks: return "Health checks failed";
    case HealthReason::TargetInvalidState: return "Target is in an invalid state";
    case HealthReason::TargetIpUnusable:
        return "The IP address cannot be used as a target, as it is in use by a load balancer";
    case HealthReason::TargetNotInUse:
        return "Target group is not configured to receive traffic from the load balancer";
    case HealthReason::TargetNotRegistered: return "Target is not registered to the target group";
    }
    return "";
}

HealthState Plan::state_of(const Entry& entry) {
    if (!entry.group->refusal.empty()) return HealthState::Unavailable;
    const HealthState checked = entry.threshold.state();
    if (!entry.decision) return checked;
    // A target that fails while it drains is told of: its connections are to be reset [p.51].
    const bool fails = checked == HealthState::Unhealthy;
    return entry.decision->state == HealthState::Draining && fails ? checked
                                                                   : entry.decision->state;
}

Nanos Plan::shortest_interval() const {
    Nanos shortest = Nanos::never();
    for (const auto& [id, group] : groups_) {
        if (!group.settings) continue;
        const CheckSettings& settings = *group.settings;
        shortest = std::min(shortest, settings.interval);
        if (settings.fast_interval.ns > 0) shortest = std::min(shortest, settings.fast_interval);
    }
    return shortest;
}

contract::TargetHealth Plan::message(const Entry& entry, Nanos now) {
    const HealthState state = state_of(entry);
    contract::TargetHealth out{.group = entry.group_id,
                               .target = entry.id,
                               .state = state,
                               .reason = std::nullopt,
                               .description = std::nullopt,
                               .since_ns = static_cast<std::uint64_t>((now - entry.since).ns),
                               .probe_seq = entry.probes};
    if (state == HealthState::Healthy) return out;
    if (entry.decision && state == entry.decision->state) {
        out.reason = entry.decision->reason;
        out.description = entry.decision->description;
        return out;
    }
    out.reason = reason_of(state);
    std::string description(description_of(*out.reason));
    const std::string& refusal = entry.group->refusal;
    const std::string& cause = refusal.empty() ? entry.text : refusal;
    if (state != HealthState::Initial && !cause.empty()) description += ": " + cause;
    out.description = std::move(description);
    return out;
}

contract::TargetHealth Plan::health(Slot slot, Nanos now) const {
    NLB_CHECK(slot.index < entries_.size() && entries_[slot.index].life == slot.life);
    return message(entries_[slot.index], now);
}

contract::Set Plan::snapshot(const model::TargetGroupId& group, Nanos now) const {
    contract::Set set{contract::SetKind::TargetHealth, group, 0, false, {}};
    const auto found = groups_.find(group);
    if (found == groups_.end()) return set;
    set.generation = found->second.generation;
    set.lines.reserve(found->second.order.size());
    for (const std::uint32_t index : found->second.order)
        set.lines.emplace_back(message(entries_[index], now));
    return set;
}

std::vector<model::TargetGroupId> Plan::groups() const {
    std::vector<model::TargetGroupId> ids;
    ids.reserve(groups_.size());
    for (const auto& [id, group] : groups_)
        ids.push_back(id);
    return ids;
}

} // namespace nlb::health
