// SPDX-License-Identifier: Apache-2.0
#include "health/threshold.hpp"

#include <algorithm>

namespace nlb::health {

using model::HealthReason;
using model::HealthState;

bool Threshold::record(Verdict verdict, const Thresholds& limits) {
    const HealthState before = state();
    if (verdict == Verdict::Unknown) {
        if (unknowns_ < limits.unhealthy) ++unknowns_;
        if (unknowns_ >= limits.unhealthy) unavailable_ = true;
    } else {
        unknowns_ = 0;
        unavailable_ = false;
        judge(verdict == Verdict::Passed, limits);
    }
    return state() != before;
}

void Threshold::judge(bool passed, const Thresholds& limits) {
    if (!passed) {
        passes_ = 0;
        return count_against(static_cast<std::uint32_t>(Weight::FailedCheck), limits);
    }
    weight_ = 0;
    // A new target after its first passed check [p.16], an unhealthy one after as many as asked.
    const bool enough = judged_ == HealthState::Initial ||
                        (judged_ == HealthState::Unhealthy && ++passes_ >= limits.healthy);
    if (!enough) return;
    judged_ = HealthState::Healthy;
    passes_ = 0;
}

void Threshold::count_against(std::uint32_t weight, const Thresholds& limits) {
    if (judged_ == HealthState::Unhealthy) return;
    const std::uint32_t most = limits.unhealthy * static_cast<std::uint32_t>(Weight::FailedCheck);
    weight_ = std::min(most, weight_ + weight);
    if (weight_ < most) return;
    judged_ = HealthState::Unhealthy;
    weight_ = 0;
}

bool Threshold::weigh(Weight weight, std::uint64_t flows, const Thresholds& limits) {
    constexpr std::uint64_t kMostFlows = 1000; // far beyond any threshold
    if (state() != HealthState::Healthy) return false;
    const auto count = static_cast<std::uint32_t>(std::min(flows, kMostFlows));
    count_against(static_cast<std::uint32_t>(weight) * count, limits);
    return state() != HealthState::Healthy;
}

HealthReason reason_of(HealthState state) {
    switch (state) {
    case HealthState::Initial: return HealthReason::ElbInitialHealthChecking;
    case HealthState::Healthy: return HealthReason::None;
    case HealthState::UnhealthyDraining:
    case HealthState::Unhealthy: return HealthReason::TargetFailedHealthChecks;
    case HealthState::Unused: return HealthReason::TargetNotInUse;
    case HealthState::Draining: return HealthReason::TargetDeregistrationInProgress;
    case HealthState::Unavailable: break;
    }
    return HealthReason::ElbInternalError;
}

} // namespace nlb::health
