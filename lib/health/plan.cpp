// SPDX-License-Identifier: Apache-2.0
#include "health/plan.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <functional>

namespace nlb::health {

using model::HealthReason;
using model::HealthState;

std::string_view description_of(HealthReason reason) {
    switch (reason) {
    case HealthReason::ElbInitialHealthChecking: return "Initial health checks in progress";
    case HealthReason::ElbInternalError: return "Health checks failed due to an internal error";
    case HealthReason::TargetFailedHealthChecks: return "Health checks failed";
    default: return "";
    }
}

struct Plan::Arrivals {
    Nanos now;
    bool settings_changed = false;
    std::int64_t spread_ns = 0; // new targets start within this span
    std::unordered_map<model::TargetId, std::uint32_t> before;
    std::vector<Slot> stopped;
};

/// splitmix64: small, seeded, and good enough to spread checks.
std::int64_t Plan::random_below(std::int64_t limit) {
    std::uint64_t z = (random_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    z ^= z >> 31U;
    return limit <= 0 ? 0 : static_cast<std::int64_t>(z % static_cast<std::uint64_t>(limit));
}

std::vector<Slot> Plan::apply(GroupSet set, Nanos now) {
    constexpr std::int64_t kBetweenFirstChecks = 1'000'000;
    Group& group = groups_[set.id];
    Arrivals arrivals{now, group.settings != set.settings, 0, std::exchange(group.index, {}), {}};
    group.settings = std::move(set.settings);
    group.refusal = std::move(set.refusal);
    group.generation = set.generation;
    group.order.clear();
    if (group.settings) {
        const auto count = static_cast<std::int64_t>(set.targets.size());
        arrivals.spread_ns = std::min(group.settings->interval.ns, count * kBetweenFirstChecks);
    }
    for (const contract::Target& target : set.targets)
        take_target(target, group, arrivals);
    for (const auto& [id, index] : arrivals.before)
        remove(index, arrivals.stopped);
    if (!group.settings && group.refusal.empty()) groups_.erase(set.id);
    drop_stale();
    return std::move(arrivals.stopped);
}

void Plan::take_target(const contract::Target& target, Group& group, Arrivals& arrivals) {
    if (group.index.contains(target.target)) return; // the first line of an id counts
    const auto known = arrivals.before.find(target.target);
    std::uint32_t index = 0;
    if (known == arrivals.before.end()) {
        index = add(target, group, arrivals);
    } else {
        index = known->second;
        arrivals.before.erase(known);
        update(index, endpoint_of(target, group), arrivals);
    }
    group.index.emplace(target.target, index);
    group.order.push_back(index);
}

Endpoint Plan::endpoint_of(const contract::Target& target, const Group& group) {
    if (group.settings) return group.settings->endpoint_of(target);
    return {target.address, static_cast<std::uint16_t>(target.port)};
}

std::uint32_t Plan::add(const contract::Target& target, Group& group, Arrivals& arrivals) {
    auto index = static_cast<std::uint32_t>(entries_.size());
    if (free_.empty()) {
        entries_.emplace_back();
    } else {
        index = free_.back();
        free_.pop_back();
    }
    Entry& entry = entries_[index];
    entry = {.group = &group,
             .group_id = target.group,
             .id = target.target,
             .endpoint = endpoint_of(target, group),
             .threshold = {},
             .text = {},
             .since = arrivals.now,
             .due = arrivals.now,
             .probes = 0,
             .life = entry.life + 1,
             .ticket = entry.ticket + 1};
    schedule(index, arrivals.now + Nanos{random_below(arrivals.spread_ns)});
    return index;
}

/// A target that was there before: another address makes it a new one, other settings start its
/// schedule anew, and with neither nothing happens.
void Plan::update(std::uint32_t index, const Endpoint& endpoint, Arrivals& arrivals) {
    Entry& entry = entries_[index];
    const bool moved = entry.endpoint != endpoint;
    if (!moved && !arrivals.settings_changed) return;
    if (entry.running) arrivals.stopped.push_back({index, entry.life});
    entry.running = false;
    entry.phased = false;
    entry.threshold.restart_count();
    if (moved) {
        entry.endpoint = endpoint;
        entry.threshold = {};
        entry.text.clear();
        entry.since = arrivals.now;
    }
    schedule(index, arrivals.now + Nanos{random_below(arrivals.spread_ns)});
}

void Plan::remove(std::uint32_t index, std::vector<Slot>& stopped) {
    Entry& entry = entries_[index];
    if (entry.running) stopped.push_back({index, entry.life});
    entry = {.life = entry.life + 1, .ticket = entry.ticket + 1};
    free_.push_back(index);
}

void Plan::schedule(std::uint32_t index, Nanos due) {
    Entry& entry = entries_[index];
    ++entry.ticket; // what waits in the queue for it counts no more
    if (!entry.group->settings) return;
    entry.due = due;
    queue_.push({due, index, entry.ticket});
}

/// Keeps the top of the queue an entry that counts, so that deadline() is exact.
void Plan::drop_stale() {
    while (!queue_.empty() && queue_.top().ticket != entries_[queue_.top().index].ticket)
        queue_.pop();
}

std::optional<Slot> Plan::start_due(Nanos now) {
    if (queue_.empty() || queue_.top().due > now) return std::nullopt;
    const std::uint32_t index = queue_.top().index;
    queue_.pop();
    drop_stale();
    Entry& entry = entries_[index];
    entry.running = true;
    ++entry.probes;
    return Slot{index, entry.life};
}

/// One interval after the last start. A check that took longer, or a machine that slept, misses
/// turns but keeps its phase, so that the targets stay spread.
Nanos Plan::next_due(Entry& entry, Nanos now) {
    const std::int64_t interval = entry.group->settings->interval.ns;
    if (!entry.phased) {
        entry.phased = true;
        const Nanos first = entry.due + Nanos{interval / 2 + random_below(interval)};
        return std::max(first, now);
    }
    const std::int64_t behind = (now - entry.due).ns;
    const std::int64_t turns = std::max<std::int64_t>(1, (behind + interval - 1) / interval);
    return entry.due + Nanos{turns * interval};
}

std::optional<Change> Plan::finish(Slot slot, const ProbeResult& result, Nanos now) {
    NLB_CHECK(is_running(slot));
    Entry& entry = entries_[slot.index];
    entry.running = false;
    const HealthState before = entry.threshold.state();
    const bool changed =
        entry.threshold.record(verdict_of(result.outcome), settings(slot).thresholds);
    if (result.outcome != ProbeOutcome::Passed) entry.text = result.text;
    schedule(slot.index, next_due(entry, now));
    if (!changed) return std::nullopt;
    entry.since = now;
    return Change{slot, before, entry.threshold.state()};
}

bool Plan::is_running(Slot slot) const {
    return slot.index < entries_.size() && entries_[slot.index].life == slot.life &&
           entries_[slot.index].running;
}

const CheckSettings& Plan::settings(Slot slot) const {
    return *entries_[slot.index].group->settings;
}

Endpoint Plan::endpoint(Slot slot) const {
    return entries_[slot.index].endpoint;
}

contract::TargetHealth Plan::message(const Entry& entry, Nanos now) {
    const bool refused = !entry.group->refusal.empty();
    const HealthState state = refused ? HealthState::Unavailable : entry.threshold.state();
    contract::TargetHealth out{.group = entry.group_id,
                               .target = entry.id,
                               .state = state,
                               .reason = std::nullopt,
                               .description = std::nullopt,
                               .since_ns = static_cast<std::uint64_t>((now - entry.since).ns),
                               .probe_seq = entry.probes};
    if (state == HealthState::Healthy) return out;
    out.reason = reason_of(state);
    std::string description(description_of(*out.reason));
    const std::string& cause = refused ? entry.group->refusal : entry.text;
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
