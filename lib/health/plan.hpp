// SPDX-License-Identifier: Apache-2.0
// When each target is checked, and what its checks have made of it. Knows no sockets: somebody
// takes due targets with start_due(), checks them, and brings each result to finish().
//
// A new target is checked soon (the first checks of a set are a millisecond apart, at most over one
// interval), so that it can come into service [p.16]. From its second check on it has a phase of
// its own, spread evenly over the interval by the seed.
#pragma once

#include "health/intake.hpp"
#include "health/probe.hpp"
#include "health/threshold.hpp"

#include "contract/evidence.hpp"
#include "contract/sets.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

namespace nlb::health {

/// Names a target of the plan; one that has vanished since is recognised by `life`.
struct Slot {
    std::uint32_t index = 0; ///< small and dense: fit for a vector
    std::uint32_t life = 0;
    bool operator==(const Slot&) const = default;
};

/// A target whose state changed.
struct Change {
    Slot slot;
    model::HealthState before;
    model::HealthState now;
};

using contract::Sign;

/// What nlb-policy has decided of a target, whatever its checks say: unused (it is not checked,
/// [p.53]) or draining (it is, and may turn unhealthy meanwhile).
struct Decision {
    model::HealthState state = model::HealthState::Unused;
    model::HealthReason reason = model::HealthReason::TargetNotInUse;
    std::string description;
    bool operator==(const Decision&) const = default;
};

class Plan {
  public:
    explicit Plan(std::uint64_t seed) : random_(seed) {}

    /// Replaces what is known of the set's group. Targets whose address and group settings are
    /// unchanged keep schedule and state; with other settings they keep the state. A set without
    /// settings and refusal removes the group. Returns the slots whose running checks are void.
    std::vector<Slot> apply(GroupSet set, Nanos now);

    /// The next target that is due at `now`; it is running until finish().
    std::optional<Slot> start_due(Nanos now);

    /// When the next target is due; never while none waits.
    [[nodiscard]] Nanos deadline() const {
        return queue_.empty() ? Nanos::never() : queue_.top().due;
    }

    /// The check of `slot` ended. Schedules the next one and tells when the state changed.
    std::optional<Change> finish(Slot slot, const ProbeResult& result, Nanos now);

    /// So many flows to a target showed a sign. Weighed as Threshold says; ignored of a target that
    /// is not of the plan, not in use, or of a UDP group. Tells when the state changed.
    std::optional<Change> take_evidence(const contract::TargetEvidence& evidence, Nanos now);

    /// Is `slot` a target of the plan whose check runs?
    [[nodiscard]] bool is_running(Slot slot) const;

    /// Of a slot that start_due() gave and that is_running().
    [[nodiscard]] const CheckSettings& settings(Slot slot) const;
    [[nodiscard]] Endpoint endpoint(Slot slot) const;
    [[nodiscard]] Nanos due(Slot slot) const; ///< when its check was to start

    /// The state of one target as a message. `slot` must be of the plan.
    [[nodiscard]] contract::TargetHealth health(Slot slot, Nanos now) const;

    /// The states of every target of a group in the order of its set, as a target-health set.
    [[nodiscard]] contract::Set snapshot(const model::TargetGroupId& group, Nanos now) const;

    [[nodiscard]] std::vector<model::TargetGroupId> groups() const;

    [[nodiscard]] std::size_t targets() const { return entries_.size() - free_.size(); }

    /// Of all groups, fast ones included; never while there is none.
    [[nodiscard]] Nanos shortest_interval() const;

    /// Lines of evidence that said something of a target of the plan.
    [[nodiscard]] std::uint64_t evidence() const { return evidence_; }

  private:
    struct Group {
        std::optional<CheckSettings> settings;
        std::string refusal;
        std::uint64_t generation = 0;
        std::vector<std::uint32_t> order; // entry indices
        std::unordered_map<model::TargetId, std::uint32_t> index;
    };

    struct Entry {
        Group* group = nullptr; // null: free
        model::TargetGroupId group_id{};
        model::TargetId id{};
        Endpoint endpoint{};
        Threshold threshold{};
        std::string text{}; // of the last check that did not pass, or of the flows
        std::unique_ptr<const Decision> decision{};
        Nanos since{};
        Nanos due{};
        std::uint64_t probes = 0;
        std::uint32_t life = 0;
        std::uint32_t ticket = 0; // of the queue entry that counts
        bool running = false;
        bool phased = false; // has a phase of its own
    };

    struct Waiting {
        Nanos due;
        std::uint32_t index;
        std::uint32_t ticket;

        bool operator>(const Waiting& o) const { return due > o.due; }
    };

    struct Arrivals; // what apply() carries along

    void take_target(const contract::Target& target, Group& group, Arrivals& arrivals);
    static Endpoint endpoint_of(const contract::Target& target, const Group& group);
    std::uint32_t add(const contract::Target& target, Group& group, Arrivals& arrivals);
    void update(std::uint32_t index, const contract::Target& target, Arrivals& arrivals);
    static bool decide(Entry& entry, const contract::Target& target);
    static model::HealthState state_of(const Entry& entry);
    std::optional<Change> changed(Slot slot, model::HealthState before, Nanos now);
    void remove(std::uint32_t index, std::vector<Slot>& stopped);
    void schedule(std::uint32_t index, Nanos due);
    void drop_stale();
    Nanos next_due(Entry& entry, Nanos now);
    std::int64_t random_below(std::int64_t limit);
    [[nodiscard]] static contract::TargetHealth message(const Entry& entry, Nanos now);

    std::uint64_t random_; // state of splitmix64
    std::uint64_t evidence_ = 0;
    std::map<model::TargetGroupId, Group> groups_;
    std::vector<Entry> entries_;
    std::vector<std::uint32_t> free_;
    std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> queue_;
};

/// The published text of a reason code [p.54]; of Target.InvalidState and Target.NotInUse, which
/// have several, the one that is always true.
std::string_view description_of(model::HealthReason reason);

} // namespace nlb::health
