// SPDX-License-Identifier: Apache-2.0
#include "health/threshold.hpp"

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
    const bool is_unhealthy = judged_ == HealthState::Unhealthy;
    if (judged_ == HealthState::Initial && passed) {
        judged_ = HealthState::Healthy; // after its first passed check [p.16]
        streak_ = 0;
        return;
    }
    if (passed != is_unhealthy) { // the result agrees with the state
        streak_ = 0;
        return;
    }
    if (++streak_ < (is_unhealthy ? limits.healthy : limits.unhealthy)) return;
    judged_ = is_unhealthy ? HealthState::Healthy : HealthState::Unhealthy;
    streak_ = 0;
}

HealthReason reason_of(HealthState state) {
    switch (state) {
    case HealthState::Initial: return HealthReason::ElbInitialHealthChecking;
    case HealthState::Healthy: return HealthReason::None;
    case HealthState::Unhealthy: return HealthReason::TargetFailedHealthChecks;
    case HealthState::Unused: return HealthReason::TargetNotInUse;
    case HealthState::Draining: return HealthReason::TargetDeregistrationInProgress;
    case HealthState::Unavailable: break;
    }
    return HealthReason::ElbInternalError;
}

} // namespace nlb::health
