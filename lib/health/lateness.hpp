// SPDX-License-Identifier: Apache-2.0
// How late checks started, for percentiles that are exact to one part in 64, in a few KiB: buckets
// side by side within each power of two microseconds.
#pragma once

#include "base/time.hpp"

#include <array>
#include <cstdint>

namespace nlb::health {

class Lateness {
  public:
    void add(Nanos late); ///< less than nothing counts as nothing

    /// Within so many whole microseconds of their time `percent` (1-100) of the checks started; 0
    /// when none did.
    [[nodiscard]] std::uint64_t percentile_us(unsigned percent) const;

    [[nodiscard]] std::uint64_t count() const { return count_; }

  private:
    static constexpr unsigned kFineBits = 6; // 64 buckets a power of two
    static constexpr unsigned kPowers = 32;  // the last bucket holds the rest, beyond an hour

    static std::size_t bucket_of(std::uint64_t us);
    static std::uint64_t upper_edge_of(std::size_t bucket);

    std::array<std::uint64_t, std::size_t{kPowers} << kFineBits> counts_{};
    std::uint64_t count_ = 0;
};

} // namespace nlb::health
