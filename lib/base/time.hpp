// SPDX-License-Identifier: Apache-2.0
// Nanos: a point on the monotonic clock, or a span between two such points, in nanoseconds.
// Nobody below lib/io reads a clock; time is always an argument.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace nlb {

struct Nanos {
    std::int64_t ns = 0;

    /// Later than every other time: "no deadline".
    static constexpr Nanos never() { return {std::numeric_limits<std::int64_t>::max()}; }

    static constexpr Nanos milliseconds(std::int64_t n) { return {n * 1'000'000}; }

    static constexpr Nanos seconds(std::int64_t n) { return {n * 1'000'000'000}; }

    [[nodiscard]] constexpr bool is_never() const { return *this == never(); }

    constexpr auto operator<=>(const Nanos&) const = default;

    constexpr Nanos operator+(Nanos o) const {
        return is_never() || o.is_never() ? never() : Nanos{ns + o.ns};
    }

    constexpr Nanos operator-(Nanos o) const { return {ns - o.ns}; }

    constexpr Nanos& operator+=(Nanos o) { return *this = *this + o; }
};

/// A point on the calendar's clock, for what must keep its meaning over a restart.
struct WallTime {
    std::int64_t unix_ms = 0; ///< since 1970-01-01 UTC

    static constexpr WallTime never() { return {std::numeric_limits<std::int64_t>::max()}; }

    [[nodiscard]] constexpr bool is_never() const { return *this == never(); }

    [[nodiscard]] constexpr WallTime after_seconds(std::int64_t n) const {
        return {unix_ms + n * 1000};
    }

    constexpr auto operator<=>(const WallTime&) const = default;
};

} // namespace nlb
