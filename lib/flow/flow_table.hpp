// SPDX-License-Identifier: Apache-2.0
// The flow table in memory: entries stay where they are until they are erased, and cost little more
// than themselves. What the kernel has as a preallocated hash map.
#pragma once

#include "l4/l4_abi.h"
#include "l4/l4_hash.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

namespace nlb::flow {

/// Keys are compared as bytes and are a multiple of 8 long. Not for several threads.
template <class Key, class Value>
class FlowTable {
  public:
    /// Entries that one table takes.
    static constexpr std::size_t kMost = (1U << 24U) - 1;

    /// The value in place, or nothing.
    [[nodiscard]] Value* find(const Key& key) {
        const std::size_t at = locate(key);
        return at == kNowhere ? nullptr : &entry(number_of(index_[at])).value;
    }

    [[nodiscard]] const Value* find(const Key& key) const {
        return const_cast<FlowTable*>(this)->find(key); // NOLINT: reads only
    }

    /// The key must not be there, and the table not be full.
    void insert(const Key& key, const Value& value) {
        if ((size_ + 1) * 8 > index_.size() * 7) grow();
        const std::uint32_t number = take_number();
        entry(number) = {key, value};
        place(number);
        ++size_;
    }

    /// A key that is not there is no error.
    void erase(const Key& key) {
        std::size_t hole = locate(key);
        if (hole == kNowhere) return;
        free_.push_back(number_of(index_[hole]));
        --size_;
        // What follows moves back into the hole unless it is at home already (linear probing).
        for (std::size_t at = next(hole); index_[at] != kFree; at = next(at)) {
            const std::size_t home = hash_of(entry(number_of(index_[at])).key) & mask();
            if (((at - home) & mask()) < ((at - hole) & mask())) continue;
            index_[hole] = index_[at];
            hole = at;
        }
        index_[hole] = kFree;
    }

    [[nodiscard]] std::size_t size() const { return size_; }

    /// Calls take(key, value) for every entry; take must not insert or erase.
    template <class Take>
    void for_each(Take take) const {
        for (const std::uint32_t place : index_) {
            if (place == kFree) continue;
            const Entry& one = entry(number_of(place));
            take(one.key, one.value);
        }
    }

  private:
    struct Entry {
        Key key;
        Value value;
    };

    static constexpr std::uint32_t kFree = UINT32_MAX; ///< no number is as high
    static constexpr std::uint32_t kNumber = kMost;    ///< bits of a place; the rest is a tag
    static constexpr std::size_t kNowhere = SIZE_MAX;
    static constexpr std::size_t kChunk = 1024; ///< entries
    static constexpr std::size_t kFirstIndex = 1024;

    [[nodiscard]] std::size_t mask() const { return index_.size() - 1; }

    [[nodiscard]] std::size_t next(std::size_t at) const { return (at + 1) & mask(); }

    [[nodiscard]] Entry& entry(std::uint32_t number) {
        return chunks_[number / kChunk][number % kChunk];
    }

    [[nodiscard]] const Entry& entry(std::uint32_t number) const {
        return chunks_[number / kChunk][number % kChunk];
    }

    [[nodiscard]] static std::uint64_t hash_of(const Key& key) {
        static_assert(sizeof(Key) % 8 == 0);
        std::uint64_t words[sizeof(Key) / 8];
        std::memcpy(words, &key, sizeof(key));
        std::uint64_t h = 0;
        for (const std::uint64_t word : words)
            h = nlb_mix64(h + word);
        return h;
    }

    /// Bits of the hash that are kept in the index: an entry is rarely looked at in vain.
    [[nodiscard]] static std::uint32_t tag_of(std::uint64_t hash) {
        return static_cast<std::uint32_t>(hash >> 32U) & ~kNumber;
    }

    [[nodiscard]] static std::uint32_t number_of(std::uint32_t place) { return place & kNumber; }

    [[nodiscard]] std::size_t locate(const Key& key) const {
        if (index_.empty()) return kNowhere;
        const std::uint64_t hash = hash_of(key);
        for (std::size_t at = hash & mask(); index_[at] != kFree; at = next(at)) {
            if (((index_[at] ^ tag_of(hash)) & ~kNumber) != 0) continue;
            if (std::memcmp(&entry(number_of(index_[at])).key, &key, sizeof(key)) == 0) return at;
        }
        return kNowhere;
    }

    void place(std::uint32_t number) {
        const std::uint64_t hash = hash_of(entry(number).key);
        std::size_t at = hash & mask();
        while (index_[at] != kFree)
            at = next(at);
        index_[at] = tag_of(hash) | number;
    }

    std::uint32_t take_number() {
        if (!free_.empty()) {
            const std::uint32_t number = free_.back();
            free_.pop_back();
            return number;
        }
        if (used_ == chunks_.size() * kChunk) chunks_.push_back(std::make_unique<Entry[]>(kChunk));
        return used_++;
    }

    void grow() {
        const std::vector<std::uint32_t> old = std::move(index_);
        index_.assign(old.empty() ? kFirstIndex : old.size() * 2, kFree);
        for (const std::uint32_t one : old) {
            if (one != kFree) place(number_of(one));
        }
    }

    std::vector<std::uint32_t> index_; ///< places, open addressing; a power of two
    std::vector<std::unique_ptr<Entry[]>> chunks_;
    std::vector<std::uint32_t> free_; ///< numbers of erased entries
    std::uint32_t used_ = 0;          ///< numbers ever given out
    std::size_t size_ = 0;
};

using FlowTable4 = FlowTable<nlb_flow_key, nlb_flow4>;
using FlowTable6 = FlowTable<nlb_tuple, nlb_flow6>;

} // namespace nlb::flow
