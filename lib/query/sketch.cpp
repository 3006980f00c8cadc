// SPDX-License-Identifier: Apache-2.0
#include "query/sketch.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace nlb::query {

namespace {

constexpr std::int64_t kExact = 2048;
constexpr std::int64_t kSteps = kExact / 2; ///< a doubling
constexpr std::size_t kMostExact = 4096;
constexpr unsigned kRegisterBits = 14;

} // namespace

std::int64_t Quantiles::bucket(std::int64_t value) {
    if (value < 0) return -1 - bucket(-(value + 1));
    if (value < kExact) return value;
    const auto shift =
        static_cast<std::int64_t>(std::bit_width(static_cast<std::uint64_t>(value))) - 11;
    return kExact + (shift - 1) * kSteps + ((value >> shift) - kSteps);
}

std::int64_t Quantiles::value(std::int64_t bucket) {
    if (bucket < 0) return -1 - value(-(bucket + 1));
    if (bucket < kExact) return bucket;
    const std::int64_t shift = (bucket - kExact) / kSteps + 1;
    const std::int64_t lowest = ((bucket - kExact) % kSteps + kSteps) << shift;
    return lowest + (std::int64_t{1} << (shift - 1)); // the middle
}

void Quantiles::add(std::int64_t bucket, std::uint64_t count) {
    const auto found = std::lower_bound(counts_.begin(), counts_.end(), bucket,
                                        [](const auto& c, std::int64_t b) { return c.first < b; });
    if (found != counts_.end() && found->first == bucket)
        found->second += count;
    else
        counts_.insert(found, {bucket, count});
}

void Quantiles::merge(const Quantiles& other) {
    for (const auto& [bucket, count] : other.counts_)
        add(bucket, count);
}

std::int64_t Quantiles::at(double percent) const {
    std::uint64_t total = 0;
    for (const auto& [bucket, count] : counts_)
        total += count;
    const double rank = std::ceil(percent / 100 * static_cast<double>(total));
    const std::uint64_t wanted = rank < 1 ? 1 : static_cast<std::uint64_t>(rank);
    std::uint64_t seen = 0;
    for (const auto& [bucket, count] : counts_) {
        seen += count;
        if (seen >= wanted) return value(bucket);
    }
    return value(counts_.back().first);
}

void Distinct::add(std::uint64_t hash) {
    if (hash == 0) hash = 1; // 0 marks a free slot
    if (!registers_.empty()) return note(hash);
    insert(hash);
    if (used_ > kMostExact) estimate_from_now();
}

void Distinct::insert(std::uint64_t hash) {
    if (used_ * 2 >= slots_.size()) {
        std::vector<std::uint64_t> old(std::max<std::size_t>(8, slots_.size() * 2));
        old.swap(slots_);
        used_ = 0;
        for (const std::uint64_t member : old) {
            if (member != 0) insert(member);
        }
    }
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at] != 0 && slots_[at] != hash)
        at = (at + 1) & (slots_.size() - 1);
    if (slots_[at] == hash) return;
    slots_[at] = hash;
    ++used_;
}

void Distinct::estimate_from_now() {
    registers_.resize(std::size_t{1} << kRegisterBits);
    for (const std::uint64_t member : std::exchange(slots_, {})) {
        if (member != 0) note(member);
    }
}

void Distinct::note(std::uint64_t hash) {
    const std::size_t at = hash >> (64 - kRegisterBits);
    const auto rank = std::countl_zero((hash << kRegisterBits) | 1U) + 1;
    registers_[at] = std::max(registers_[at], static_cast<std::uint8_t>(rank));
}

void Distinct::merge(const Distinct& other) {
    for (const std::uint64_t member : other.slots_) {
        if (member != 0) add(member);
    }
    if (other.registers_.empty()) return;
    if (registers_.empty()) estimate_from_now();
    for (std::size_t i = 0; i < registers_.size(); ++i)
        registers_[i] = std::max(registers_[i], other.registers_[i]);
}

std::int64_t Distinct::count() const {
    if (registers_.empty()) return static_cast<std::int64_t>(used_);
    // [Flajolet et al. 2007]: the bias constant for many registers, and linear counting for few.
    const auto registers = static_cast<double>(registers_.size());
    double sum = 0;
    double empty = 0;
    for (const std::uint8_t rank : registers_) {
        sum += std::ldexp(1.0, -rank);
        if (rank == 0) ++empty;
    }
    const double estimate = 0.7213 / (1 + 1.079 / registers) * registers * registers / sum;
    if (estimate <= 2.5 * registers && empty > 0)
        return std::llround(registers * std::log(registers / empty));
    return std::llround(estimate);
}

} // namespace nlb::query
