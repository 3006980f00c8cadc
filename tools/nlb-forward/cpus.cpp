// SPDX-License-Identifier: Apache-2.0
#include "cpus.hpp"

#include <sched.h>

#include <algorithm>
#include <thread>

std::uint64_t usable_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) == 0)
        return static_cast<std::uint64_t>(std::max(1, CPU_COUNT(&set)));
    return std::max(1U, std::thread::hardware_concurrency());
}
