// SPDX-License-Identifier: Apache-2.0
// Percentiles and numbers of distinct values in bounded memory. What is told does not depend on the
// order of adding and merging, so that it does not depend on the number of threads.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace nlb::query {

/// Counts by value: exact below 2048, then by 1024 steps for each doubling (within 0.05 %).
class Quantiles {
  public:
    void add(std::int64_t value) { add(bucket(value), 1); }

    void merge(const Quantiles& other);

    /// The smallest value that `percent` of the values do not exceed (nearest rank); 0 to 100.
    /// Not of nothing.
    [[nodiscard]] std::int64_t at(double percent) const;

    [[nodiscard]] bool is_empty() const { return counts_.empty(); }

  private:
    static std::int64_t bucket(std::int64_t value);
    static std::int64_t value(std::int64_t bucket);
    void add(std::int64_t bucket, std::uint64_t count);

    std::vector<std::pair<std::int64_t, std::uint64_t>> counts_; ///< by bucket, in order
};

/// A set of hashes: exact up to 4096 members, then an estimate (HyperLogLog, 16384 registers, a
/// standard error of 0.8 %).
class Distinct {
  public:
    void add(std::uint64_t hash);
    void merge(const Distinct& other);
    [[nodiscard]] std::int64_t count() const;

  private:
    void insert(std::uint64_t hash);
    void estimate_from_now();
    void note(std::uint64_t hash);

    std::vector<std::uint64_t> slots_; ///< open addressing; 0 is free
    std::size_t used_ = 0;
    std::vector<std::uint8_t> registers_; ///< empty while exact
};

} // namespace nlb::query
