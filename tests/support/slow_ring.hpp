// SPDX-License-Identifier: Apache-2.0
// The oracle of lib/route/ring: the table of [Maglev, NSDI 2016, §3.4] over permutations by
// generators, written the slow way round, with whole permutation tables and remainders, sharing no
// code with the library.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace nlb::support {

/// Who owns each slot, by id. Equal weights.
class SlowRing {
  public:
    SlowRing(std::vector<std::string> ids, std::uint64_t size) : ids_(std::move(ids)), size_(size) {
        std::sort(ids_.begin(), ids_.end());
    }

    [[nodiscard]] std::vector<std::string> owners() const {
        const auto permutation = permutations();
        std::vector<std::size_t> next(ids_.size(), 0);
        std::vector<std::string> entry(size_);
        std::uint64_t n = 0;
        while (true) {
            for (std::size_t i = 0; i < ids_.size(); ++i) {
                std::uint64_t c = permutation[i][next[i]];
                while (!entry[c].empty()) {
                    next[i] = next[i] + 1;
                    c = permutation[i][next[i]];
                }
                entry[c] = ids_[i];
                next[i] = next[i] + 1;
                n = n + 1;
                if (n == size_) return entry;
            }
        }
    }

  private:
    [[nodiscard]] std::vector<std::vector<std::uint64_t>> permutations() const {
        std::vector<std::vector<std::uint64_t>> all;
        for (const std::string& id : ids_) {
            const std::uint64_t offset = spread(digest(id) ^ 0x6f66667365740000ULL) % size_;
            const std::uint64_t skip = spread(digest(id) ^ 0x736b697000000000ULL) % (size_ - 1) + 1;
            const std::uint64_t root = root_of(id);
            std::vector<std::uint64_t> row{offset};
            std::uint64_t step = skip;
            while (row.size() < size_) {
                row.push_back((offset + step) % size_);
                step = step * root % size_;
            }
            all.push_back(std::move(row));
        }
        return all;
    }

    /// By trying: the smallest generator, raised to the first exponent from the hash on that makes
    /// a generator again.
    [[nodiscard]] std::uint64_t root_of(const std::string& id) const {
        std::uint64_t smallest = 1;
        while (order_of(smallest) != size_ - 1)
            ++smallest;
        std::uint64_t exponent = spread(digest(id) ^ 0x726f6f7400000000ULL) % (size_ - 1);
        while (true) {
            std::uint64_t root = 1;
            for (std::uint64_t i = 0; i < exponent; ++i)
                root = root * smallest % size_;
            if (order_of(root) == size_ - 1) return root;
            ++exponent;
        }
    }

    /// How many different powers a number has.
    [[nodiscard]] std::uint64_t order_of(std::uint64_t number) const {
        std::uint64_t count = 1;
        for (std::uint64_t value = number; value != 1; value = value * number % size_)
            ++count;
        return count;
    }

    /// FNV-1a, 64 bits.
    static std::uint64_t digest(const std::string& id) {
        std::uint64_t h = 14695981039346656037ULL;
        for (const char c : id)
            h = (h ^ static_cast<std::uint8_t>(c)) * 1099511628211ULL;
        return h;
    }

    /// MurmurHash3's 64-bit finalizer.
    static std::uint64_t spread(std::uint64_t k) {
        k = (k ^ (k >> 33U)) * 18397679294719823053ULL;
        k = (k ^ (k >> 33U)) * 14181476777654086739ULL;
        return k ^ (k >> 33U);
    }

    std::vector<std::string> ids_;
    std::uint64_t size_;
};

} // namespace nlb::support
