// SPDX-License-Identifier: Apache-2.0
// The only place that reads clocks.
#pragma once

#include "base/time.hpp"

#include <ctime>

namespace nlb::io {

inline Nanos now() {
    timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC, &t);
    return {static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec};
}

/// Milliseconds since 1970-01-01 UTC.
inline std::int64_t unix_ms() {
    timespec t{};
    ::clock_gettime(CLOCK_REALTIME, &t);
    return static_cast<std::int64_t>(t.tv_sec) * 1000 + t.tv_nsec / 1'000'000;
}

} // namespace nlb::io
