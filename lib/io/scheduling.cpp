// SPDX-License-Identifier: Apache-2.0
#include "io/scheduling.hpp"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace nlb::io {

namespace {

/// struct sched_attr of sched_setattr(2), in its first size; some C libraries do not declare it.
struct SchedulingAttributes {
    std::uint32_t size = sizeof(SchedulingAttributes);
    std::uint32_t policy = 0;
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime_ns = 0; // of SCHED_OTHER: the length of a turn
    std::uint64_t deadline_ns = 0;
    std::uint64_t period_ns = 0;
};

constexpr std::uint64_t kShortestTurnNs = 100'000; // sched(7) allows no shorter one
constexpr unsigned long kTimerSlackNs = 1'000;     // 50,000 else
constexpr std::uint64_t kResetOnFork = 1;          // SCHED_FLAG_RESET_ON_FORK

} // namespace

void ask_for_short_turns() {
    ::prctl(PR_SET_TIMERSLACK, kTimerSlackNs, 0, 0, 0);
    SchedulingAttributes attributes;
    if (::syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
    if (attributes.policy != SCHED_OTHER) return; // somebody has chosen for us
    attributes.size = sizeof attributes;
    attributes.flags |= kResetOnFork;
    attributes.runtime_ns = kShortestTurnNs;
    ::syscall(SYS_sched_setattr, 0, &attributes, 0);
}

} // namespace nlb::io
