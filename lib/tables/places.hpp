// SPDX-License-Identifier: Apache-2.0
// Positions in a list that stay the same from one build to the next, because flows in the kernel
// remember them. A position that was in use until now is free only for the build after this one:
// packets may still be on their way to what it was.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace nlb::tables {

template <class Key>
class Places {
  public:
    /// The next position of the last build, used by `key`.
    void was_used(Key key) { known_.emplace(std::move(key), size_++); }

    /// The next position of the last build, free in it.
    void was_free() { free_.push_back(size_++); }

    /// Where `key` was, or a position for it.
    std::uint32_t of(const Key& key) {
        const auto at = known_.find(key);
        if (at != known_.end()) return at->second;
        std::uint32_t place = size_;
        if (next_free_ < free_.size())
            place = free_[next_free_++];
        else
            ++size_;
        known_.emplace(key, place);
        return place;
    }

    /// One more than the last position.
    [[nodiscard]] std::uint32_t size() const { return size_; }

  private:
    std::map<Key, std::uint32_t> known_;
    std::vector<std::uint32_t> free_;
    std::size_t next_free_ = 0;
    std::uint32_t size_ = 0;
};

} // namespace nlb::tables
