// SPDX-License-Identifier: Apache-2.0
// Pool: hands out what a worker keeps, connections or flows, by number. Memory is taken in chunks
// and kept for the next ones.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace nlb::proxy {

/// T has `index`, `generation` (of this place; earlier owners had other ones) and `in_use`.
template <class T>
class Pool {
  public:
    T& take() {
        if (free_.empty()) grow();
        T& one = at(free_.back());
        free_.pop_back();
        one.in_use = true;
        ++size_;
        return one;
    }

    void give_back(T& one) {
        const std::uint32_t index = one.index;
        const std::uint32_t generation = one.generation + 1;
        one = T{};
        one.index = index;
        one.generation = generation;
        free_.push_back(index);
        --size_;
    }

    [[nodiscard]] T& at(std::uint32_t index) { return (*chunks_[index / kChunk])[index % kChunk]; }

    /// The one that had this number then, or null when it has ended.
    [[nodiscard]] T* find(std::uint32_t index, std::uint32_t generation) {
        T& one = at(index);
        return one.in_use && one.generation == generation ? &one : nullptr;
    }

    [[nodiscard]] std::size_t size() const { return size_; }

    /// `visit` may give back the one that it is called with.
    template <class Visit>
    void for_each(Visit&& visit) {
        for (const auto& chunk : chunks_) {
            for (T& one : *chunk) {
                if (one.in_use) visit(one);
            }
        }
    }

    /// Visits those of `count` places from `first` on that are in use; true when there are no more
    /// places.
    template <class Visit>
    bool visit(std::uint32_t first, std::uint32_t count, Visit&& visit) {
        const auto places = static_cast<std::uint32_t>(chunks_.size()) * kChunk;
        const std::uint32_t end = first < places ? first + std::min(count, places - first) : first;
        for (std::uint32_t place = first; place < end; ++place) {
            if (T& one = at(place); one.in_use) visit(one);
        }
        return end >= places;
    }

  private:
    static constexpr std::uint32_t kChunk = 256;

    void grow() {
        const auto first = static_cast<std::uint32_t>(chunks_.size()) * kChunk;
        auto& chunk = *chunks_.emplace_back(std::make_unique<std::array<T, kChunk>>());
        for (std::uint32_t i = kChunk; i-- > 0;) {
            chunk[i].index = first + i;
            free_.push_back(first + i);
        }
    }

    std::vector<std::unique_ptr<std::array<T, kChunk>>> chunks_;
    std::vector<std::uint32_t> free_;
    std::size_t size_ = 0;
};

} // namespace nlb::proxy
