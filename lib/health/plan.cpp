// SPDX-License-Identifier: Apache-2.0
#include "health/plan.hpp"

#include "base/check.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <functional>

namespace nlb::health {

using model::HealthReason;
using model::HealthState;

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
        update(index, target, arrivals);
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
             .decision = nullptr,
             .since = arrivals.now,
             .due = arrivals.now,
             .probes = 0,
             .life = entry.life + 1,
             .ticket = entry.ticket + 1};
    decide(entry, target);
    schedule(index, arrivals.now + Nanos{random_below(arrivals.spread_ns)});
    return index;
}

/// Takes over what the line says was decided; true when that is new.
bool Plan::decide(Entry& entry, const contract::Target& target) {
    std::optional<Decision> decision;
    if (target.state == HealthState::Unused || target.state == HealthState::Draining) {
        const HealthReason reason = target.reason.value_or(reason_of(*target.state));
        decision = {*target.state, reason,
                    target.description.value_or(std::string(description_of(reason)))};
    }
    const bool same = decision.has_value() == (entry.decision != nullptr) &&
                      (!decision || *decision == *entry.decision);
    if (same) return false;
    entry.decision = decision ? std::make_unique<Decision>(std::move(*decision)) : nullptr;
    return true;
}

/// A target that was there before: another address, or being in use again, makes it a new one,
/// other settings start its schedule anew, and with neither nothing happens.
void Plan::update(std::uint32_t index, const contract::Target& target, Arrivals& arrivals) {
    Entry& entry = entries_[index];
    const Endpoint endpoint = endpoint_of(target, *entry.group);
    const HealthState before = state_of(entry);
    const bool was_unused = before == HealthState::Unused;
    const bool decided = decide(entry, target);
    const bool is_unused = entry.decision && entry.decision->state == HealthState::Unused;
    const bool is_new = entry.endpoint != endpoint || was_unused != is_unused;
    if (is_new) {
        entry.endpoint = endpoint;
        entry.threshold = {};
        entry.text.clear();
    }
    if (is_new || (decided && state_of(entry) != before)) entry.since = arrivals.now;
    if (!is_new && !arrivals.settings_changed) return;
    if (entry.running) arrivals.stopped.push_back({index, entry.life});
    entry.running = false;
    entry.phased = false;
    entry.threshold.restart_count();
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
    if (entry.decision && entry.decision->state == HealthState::Unused) return; // [p.53]
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
/// turns but keeps its phase, so that the targets stay spread. A check that ends just after its
/// next turn, as with a timeout of one interval, does not miss it.
Nanos Plan::next_due(Entry& entry, Nanos now) {
    constexpr std::int64_t kJustAfter = 10; // one part in so many of the interval
    const CheckSettings& settings = *entry.group->settings;
    const bool is_fast = settings.fast_interval.ns > 0 && entry.threshold.is_changing();
    const std::int64_t interval = (is_fast ? settings.fast_interval : settings.interval).ns;
    if (!entry.phased) {
        entry.phased = true;
        const Nanos first = entry.due + Nanos{interval / 2 + random_below(interval)};
        return std::max(first, now);
    }
    const std::int64_t behind = (now - entry.due).ns;
    const std::int64_t passed = behind / interval;
    const bool just_now = passed > 0 && behind % interval <= interval / kJustAfter;
    return entry.due + Nanos{(just_now ? passed : passed + 1) * interval};
}

std::optional<Change> Plan::finish(Slot slot, const ProbeResult& result, Nanos now) {
    NLB_CHECK(is_running(slot));
    Entry& entry = entries_[slot.index];
    entry.running = false;
    const HealthState before = state_of(entry);
    entry.threshold.record(verdict_of(result.outcome), settings(slot).thresholds);
    if (result.outcome != ProbeOutcome::Passed) entry.text = result.text;
    schedule(slot.index, next_due(entry, now));
    return changed(slot, before, now);
}

std::optional<Change> Plan::changed(Slot slot, HealthState before, Nanos now) {
    Entry& entry = entries_[slot.index];
    if (state_of(entry) == before) return std::nullopt;
    entry.since = now;
    return Change{slot, before, state_of(entry)};
}

std::optional<Change> Plan::take_evidence(const contract::TargetEvidence& evidence, Nanos now) {
    const auto group = groups_.find(evidence.group);
    const auto sign = from_text<Sign>(evidence.kind);
    if (group == groups_.end() || !group->second.settings || !sign) return std::nullopt;
    const auto index = group->second.index.find(evidence.target);
    if (group->second.settings->is_udp || index == group->second.index.end()) return std::nullopt;
    Entry& entry = entries_[index->second];
    if (entry.decision && entry.decision->state == HealthState::Unused) return std::nullopt;
    ++evidence_;
    const HealthState before = state_of(entry);
    const Weight weight = *sign == Sign::Reset ? Weight::Reset : Weight::Refused;
    if (!entry.threshold.weigh(weight, evidence.count, group->second.settings->thresholds)) {
        return std::nullopt;
    }
    entry.text = std::to_string(evidence.count) + (evidence.count == 1 ? " flow" : " flows") +
                 " of zone " + in_quotes(evidence.zone) + ' ' + std::string(to_text(*sign));
    return changed({index->second, entry.life}, before, now);
}

bool Plan::is_running(Slot slot) const {
    return slot.index < entries_.size() && entries_[slot.index].life == slot.life &&
           entries_[slot.index].running;
}

const CheckSettings& Plan::settings(Slot slot) const {
    return *entries_[slot.index].group->settings;
}

Nanos Plan::due(Slot slot) const {
    return entries_[slot.index].due;
}

Endpoint Plan::endpoint(Slot slot) const {
    return entries_[slot.index].endpoint;
}

} // namespace nlb::health
