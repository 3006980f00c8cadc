// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// How many CPUs this process may use, 1 at least.
std::uint64_t usable_cpus();
