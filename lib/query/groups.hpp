// SPDX-License-Identifier: Apache-2.0
// Groups of entries and what is computed of them: one table a thread, merged at the end. A group
// is found by the raw bytes of its keys; nothing is allocated for an entry of a known group.
#pragma once

#include "query/query.hpp"
#include "query/sketch.hpp"

#include <deque>
#include <memory>
#include <span>
#include <vector>

namespace nlb::query {

class Groups {
  public:
    /// `query` must outlive it.
    explicit Groups(const Query& query);

    /// Takes an entry, unless a value of it is not of its kind (row.problem() tells).
    void add(Row& row);

    /// Takes the groups of another table of the same query.
    void merge(Groups&& other);

    [[nodiscard]] std::size_t size() const { return used_; }

    /// Calls `each` with the keys and aggregates of every group, in no order. The values point
    /// into the table and live as long as it does.
    template <class Each>
    void for_each(Each each) {
        std::vector<Value> keys(query_->keys.size());
        std::vector<Value> aggregates(query_->aggregates.size());
        if (query_->keys.empty() && used_ == 0) find({}, 0); // everything is one group
        for (const Slot& slot : slots_) {
            if (slot.group == nullptr) continue;
            decode(*slot.group, keys, aggregates);
            each(std::span<const Value>(keys), std::span<const Value>(aggregates));
        }
    }

  private:
    using Word = std::uint64_t;

    /// Behind it: the words of the aggregates, then the bytes of the keys.
    struct Group {
        std::size_t key_bytes;

        [[nodiscard]] Word* words() { return reinterpret_cast<Word*>(this + 1); }
    };

    struct Slot {
        std::uint64_t hash = 0;
        Group* group = nullptr;
    };

    std::string_view key_of(Row& row);
    Group& find(std::string_view key, std::uint64_t hash);
    Group* make(std::string_view key);
    void grow();
    void update(const Aggregate& aggregate, Word* words, const Value& value);
    void update_least_or_most(const Aggregate& aggregate, Word* words, const Value& value);
    void merge(const Aggregate& aggregate, Word* words, const Word* other);
    [[nodiscard]] std::string_view key_bytes(Group& group) const;
    void decode(Group& group, std::span<Value> keys, std::span<Value> aggregates) const;
    [[nodiscard]] static Value result(const Aggregate& aggregate, const Word* words);

    const Query* query_;
    std::vector<std::size_t> first_word_; ///< of each aggregate, and one behind the last
    std::vector<Slot> slots_;
    std::size_t used_ = 0;
    std::vector<std::unique_ptr<Word[]>> blocks_;
    std::size_t block_left_ = 0;
    std::string key_;           ///< of the entry at hand
    std::vector<Value> values_; ///< arguments of the aggregates for it
    std::deque<Quantiles> quantiles_;
    std::deque<Distinct> distinct_;
    std::deque<std::string> texts_;
};

} // namespace nlb::query
