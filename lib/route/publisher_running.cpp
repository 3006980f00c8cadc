// SPDX-License-Identifier: Apache-2.0
// What a publisher has running: delays, draining intervals and zonal shifts, which begin by a
// change or a word and end by themselves.
#include "route/publisher.hpp"

#include <algorithm>

namespace nlb::route {

using model::TargetGroupId;

namespace {

/// Whether the delay has just ended, or all is over and the entry may go.
enum class Next : std::uint8_t { Nothing, Closes, Gone };

Next next_of(const Deregistration& gone, WallTime now) {
    if (gone.deadline() > now) return Next::Nothing;
    const bool closes =
        gone.terminates && !gone.is_over && gone.until.after_seconds(kTerminationSeconds) > now;
    return closes ? Next::Closes : Next::Gone;
}

} // namespace

void Publisher::drain_unhealthy(const Group& group, WallTime now) {
    const TargetGroupId& id = group.use.group->id;
    const auto& attributes = group.use.group->attributes;
    UnhealthyDrainings& draining = unhealthy_[id];
    if (attributes.unhealthy_connection_termination_enabled ||
        attributes.unhealthy_draining_interval_seconds == 0)
        return draining.clear();
    const GroupHealth& health = health_.of(id);
    const auto fails = [&](const model::TargetId& target) {
        const auto known = health.find(target);
        return known != health.end() && known->second.state == model::HealthState::Unhealthy;
    };
    std::erase_if(draining, [&](const auto& one) { return !fails(one.first); });
    const WallTime until = now.after_seconds(attributes.unhealthy_draining_interval_seconds);
    for (const auto& [target, known] : health) {
        if (fails(target)) draining.try_emplace(target, UnhealthyDraining{until, false});
    }
}

void Publisher::end_unhealthy_drainings(WallTime now) {
    for (auto& [id, list] : unhealthy_) {
        for (auto& [target, draining] : list) {
            if (draining.is_over || draining.until > now) continue;
            draining.is_over = true;
            touched_.insert(id);
        }
    }
}

void Publisher::end_deregistrations(WallTime now) {
    for (auto& [id, list] : running_.deregistered) {
        const std::size_t count = list.size();
        std::erase_if(list,
                      [&](const Deregistration& gone) { return next_of(gone, now) == Next::Gone; });
        if (list.size() != count) touched_.insert(id);
        for (Deregistration& gone : list) {
            if (next_of(gone, now) != Next::Closes) continue;
            gone.is_over = true;
            touched_.insert(id);
        }
    }
    std::erase_if(running_.deregistered, [](const auto& entry) { return entry.second.empty(); });
}

void Publisher::tick(WallTime now) {
    end_unhealthy_drainings(now);
    end_deregistrations(now);
    const std::vector<ZonalShift> shifts = running_.shifts;
    for (const ZonalShift& shift : shifts) {
        if (shift.expiry <= now) cancel_shift(shift.load_balancer);
    }
    connect_state();
}

WallTime Publisher::deadline() const {
    WallTime next = WallTime::never();
    for (const auto& [id, list] : running_.deregistered) {
        for (const Deregistration& gone : list)
            next = std::min(next, gone.deadline());
    }
    for (const ZonalShift& shift : running_.shifts)
        next = std::min(next, shift.expiry);
    for (const auto& [id, list] : unhealthy_) {
        for (const auto& [target, draining] : list) {
            if (!draining.is_over) next = std::min(next, draining.until);
        }
    }
    return next;
}

void Publisher::shift(ZonalShift shift) {
    cancel_shift(shift.load_balancer);
    running_.shifts.push_back(std::move(shift));
    connect_state();
}

void Publisher::cancel_shift(const model::LoadBalancerId& load_balancer) {
    std::erase_if(running_.shifts,
                  [&](const ZonalShift& one) { return one.load_balancer == load_balancer; });
    for (const auto& [id, group] : groups_) {
        if (group.use.load_balancer->id == load_balancer) touched_.insert(id);
    }
    connect_state();
}

void Publisher::restore(RunningState state, WallTime now) {
    running_ = std::move(state);
    forget_registered();
    health_.register_targets(configuration_, running_.deregistered);
    tick(now);
    for (const TargetGroupId& id : order_)
        touched_.insert(id);
}

} // namespace nlb::route
