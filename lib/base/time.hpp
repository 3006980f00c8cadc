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

} // namespace nlb
