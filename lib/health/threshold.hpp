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

/// A new target is healthy after its first passed check, unhealthy after `unhealthy` failures in a
/// row, and from there healthy again after `healthy` passes in a row. `unhealthy` checks in a row
/// that could not be made show the target as unavailable; the first one that could shows what the
/// earlier results had made of it.
class Threshold {
  public:
    /// Initial, Healthy, Unhealthy or Unavailable.
    [[nodiscard]] model::HealthState state() const {
        return unavailable_ ? model::HealthState::Unavailable : judged_;
    }

    /// True when state() changed.
    bool record(Verdict verdict, const Thresholds& limits);

    /// Other thresholds hold from now on: the state stays, the count begins anew.
    void restart_count() { streak_ = unknowns_ = 0; }

  private:
    void judge(bool passed, const Thresholds& limits);

    model::HealthState judged_ = model::HealthState::Initial;
    bool unavailable_ = false;
    std::uint32_t streak_ = 0;   // results in a row against judged_
    std::uint32_t unknowns_ = 0; // checks in a row that could not be made
};

/// The reason code that goes with a state of checks [p.53].
model::HealthReason reason_of(model::HealthState state);

} // namespace nlb::health
