// SPDX-License-Identifier: Apache-2.0
// The state of one target from the results of its checks. [p.16, p.52-54, p.89]
#pragma once

#include "model/names.hpp"

#include <cstdint>

namespace nlb::health {

/// How one check ended, as far as the state is concerned.
enum class Verdict : std::uint8_t {
    Passed,
    Failed,
    Unknown, ///< we could not check (no descriptors, no memory): says nothing about the target
};

struct Thresholds {
    std::uint32_t healthy = 5;   ///< passes in a row that make an unhealthy target healthy [p.52]
    std::uint32_t unhealthy = 2; ///< failures in a row that make a target unhealthy [p.52]
    bool operator==(const Thresholds&) const = default;
};

/// How much a sign counts: a failed check as much as two flows that were reset before data, because
/// a reset may be an answer to what the client sent, and a refusal or silence is the target's own.
enum class Weight : std::uint8_t {
    Reset = 1,
    Refused = 2,
    Silent = 2,
    FailedCheck = 2,
};

/// A new target is healthy after its first passed check, unhealthy after `unhealthy` failures in a
/// row, and from there healthy again after `healthy` passes in a row. `unhealthy` checks in a row
/// that could not be made show the target as unavailable; the first one that could shows what the
/// earlier results had made of it.
///
/// What flows show [p.51] is weighed together with the checks: a healthy target is unhealthy as
/// soon as the weights since its last passed check reach those of `unhealthy` failed checks. Only
/// checks bring it back. Of a target that is not healthy flows say nothing new.
class Threshold {
  public:
    /// Initial, Healthy, Unhealthy or Unavailable.
    [[nodiscard]] model::HealthState state() const {
        return unavailable_ ? model::HealthState::Unavailable : judged_;
    }

    /// True when state() changed.
    bool record(Verdict verdict, const Thresholds& limits);

    /// `flows` showed a sign of this weight. True when state() changed.
    bool weigh(Weight weight, std::uint64_t flows, const Thresholds& limits);

    /// Has something spoken against the present state, or has nothing decided yet?
    [[nodiscard]] bool is_changing() const {
        return judged_ == model::HealthState::Initial || passes_ > 0 || weight_ > 0 ||
               unknowns_ > 0;
    }

    /// Other thresholds hold from now on: the state stays, the count begins anew.
    void restart_count() { passes_ = weight_ = unknowns_ = 0; }

  private:
    void judge(bool passed, const Thresholds& limits);
    void count_against(std::uint32_t weight, const Thresholds& limits);

    model::HealthState judged_ = model::HealthState::Initial;
    bool unavailable_ = false;
    std::uint32_t passes_ = 0;   // in a row, while unhealthy
    std::uint32_t weight_ = 0;   // of what spoke against a target that is not unhealthy
    std::uint32_t unknowns_ = 0; // checks in a row that could not be made
};

/// The reason code that goes with a state of checks [p.53].
model::HealthReason reason_of(model::HealthState state);

} // namespace nlb::health
