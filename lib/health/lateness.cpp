// SPDX-License-Identifier: Apache-2.0
#include "health/lateness.hpp"

#include <algorithm>
#include <bit>

namespace nlb::health {

namespace {

constexpr std::uint64_t kNsPerUs = 1000;

} // namespace

void Lateness::add(Nanos late) {
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(late.ns, 0));
    ++counts_[std::min(bucket_of(ns / kNsPerUs), counts_.size() - 1)];
    ++count_;
}

/// Times below 64 us have a bucket each; then the six bits that follow the highest one choose.
std::size_t Lateness::bucket_of(std::uint64_t us) {
    constexpr std::uint64_t kFine = std::uint64_t{1} << kFineBits;
    if (us < kFine) return us;
    const auto shift = static_cast<unsigned>(std::bit_width(us)) - 1 - kFineBits;
    return (std::size_t{shift} << kFineBits) + (us >> shift);
}

/// The longest time that falls into the bucket.
std::uint64_t Lateness::upper_edge_of(std::size_t bucket) {
    constexpr std::uint64_t kFine = std::uint64_t{1} << kFineBits;
    if (bucket < 2 * kFine) return bucket;
    const auto shift = (bucket >> kFineBits) - 1;
    return ((bucket - (shift << kFineBits) + 1) << shift) - 1;
}

std::uint64_t Lateness::percentile_us(unsigned percent) const {
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size() && count_ > 0; ++i) {
        seen += counts_[i];
        if (seen * 100 >= count_ * percent) return upper_edge_of(i);
    }
    return 0;
}

} // namespace nlb::health
