// SPDX-License-Identifier: Apache-2.0
#include "query/groups.hpp"

#include "query/hash.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace nlb::query {

namespace {

using What = Aggregate::Op;
__extension__ using Wide = __int128;

constexpr std::size_t kFirstSlots = 1024;
constexpr std::size_t kBlockWords = 32U << 10U; ///< 256 KiB
constexpr char kEnd = '\n';                     ///< of a text key; no line holds one

/// How many words an aggregate needs; all begin as 0.
std::size_t words_of(What what) {
    switch (what) {
    case What::Sum:
    case What::Average: return 3; // low, high, count
    case What::Least:
    case What::Most: return 2; // type, then the value or where the text is
    default: return 1;
    }
}

Wide wide(const std::uint64_t* words) {
    Wide sum = 0;
    std::memcpy(&sum, words, sizeof sum);
    return sum;
}

void put_wide(std::uint64_t* words, Wide sum) {
    std::memcpy(words, &sum, sizeof sum);
}

template <class T>
T* pointer(std::uint64_t word) {
    return reinterpret_cast<T*>(word); // NOLINT(performance-no-int-to-ptr): a word of a group
}

/// What a sum adds. A calculation may have left the integers: 2^100 of it is the most that counts,
/// so that the sum of a hundred million fits, and does not depend on their order.
Wide addend(const Value& value) {
    if (value.type != Value::Type::Real) return value.integer;
    constexpr double kMost = 0x1p100;
    return static_cast<Wide>(std::clamp(value.real, -kMost, kMost));
}

Wide added(Wide a, Wide b) {
    Wide sum = 0;
    constexpr Wide kMost = ~(Wide{1} << 127);
    return __builtin_add_overflow(a, b, &sum) ? (b > 0 ? kMost : -kMost) : sum;
}

/// A thing of `pool` that `word` points to from now on, if it did not before.
template <class T>
T& pooled(std::uint64_t& word, std::deque<T>& pool) {
    if (word == 0) word = reinterpret_cast<std::uint64_t>(&pool.emplace_back());
    return *pointer<T>(word);
}

/// What is counted as one value by distinct.
std::uint64_t hash_of(const Value& value) {
    if (value.type == Value::Type::Text) return query::hash_of(value.text);
    const std::uint64_t bits = value.type == Value::Type::Real
                                   ? std::bit_cast<std::uint64_t>(value.real)
                                   : static_cast<std::uint64_t>(value.integer);
    return query::hash_of({reinterpret_cast<const char*>(&bits), sizeof bits});
}

Value least_or_most(const std::uint64_t* words) {
    switch (static_cast<Value::Type>(words[0])) {
    case Value::Type::Integer: return Value::of(static_cast<std::int64_t>(words[1]));
    case Value::Type::Real: return Value::of_real(std::bit_cast<double>(words[1]));
    case Value::Type::Text: return Value::of_text(*pointer<std::string>(words[1]));
    case Value::Type::Null: break;
    }
    return {};
}

} // namespace

Groups::Groups(const Query& query)
    : query_(&query), slots_(kFirstSlots), values_(query.aggregates.size()) {
    std::size_t words = 0;
    for (const Aggregate& aggregate : query.aggregates) {
        first_word_.push_back(words);
        words += words_of(aggregate.op);
    }
    first_word_.push_back(words);
}

/// Text as it stands, other values as their type and eight bytes.
std::string_view Groups::key_of(Row& row) {
    const std::vector<Expression>& keys = query_->keys;
    if (keys.size() == 1 && keys[0].op == Op::Column && keys[0].kind == Kind::Text)
        return row.text(keys[0].column);
    key_.clear();
    for (const Expression& key : keys) {
        if (key.op == Op::Column && key.kind == Kind::Text) {
            key_ += row.text(key.column);
            key_ += kEnd;
            continue;
        }
        const Value value = evaluate(key, {.row = &row});
        if (key.kind == Kind::Text) {
            key_ += value.text;
            key_ += kEnd;
            continue;
        }
        const std::uint64_t bits = value.type == Value::Type::Real
                                       ? std::bit_cast<std::uint64_t>(value.real)
                                       : static_cast<std::uint64_t>(value.integer);
        key_ += static_cast<char>(value.type);
        key_.append(reinterpret_cast<const char*>(&bits), sizeof bits);
    }
    return key_;
}

void Groups::add(Row& row) {
    const std::vector<Aggregate>& aggregates = query_->aggregates;
    const std::string_view key = key_of(row);
    for (std::size_t i = 0; i < aggregates.size(); ++i) {
        if (aggregates[i].argument) values_[i] = evaluate(*aggregates[i].argument, {.row = &row});
    }
    if (row.problem() != accesslog::Problem::None) return;
    Word* const words = find(key, query::hash_of(key)).words();
    for (std::size_t i = 0; i < aggregates.size(); ++i) {
        if (!aggregates[i].argument)
            ++words[first_word_[i]];
        else if (!values_[i].is_null())
            update(aggregates[i], words + first_word_[i], values_[i]);
    }
}

std::string_view Groups::key_bytes(Group& group) const {
    return {reinterpret_cast<const char*>(group.words() + first_word_.back()), group.key_bytes};
}

Groups::Group& Groups::find(std::string_view key, std::uint64_t hash) {
    for (std::size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
        Slot& slot = slots_[at];
        if (slot.hash == hash && slot.group != nullptr && key_bytes(*slot.group) == key)
            return *slot.group;
        if (slot.group != nullptr) continue;
        slot = {hash, make(key)};
        Group& made = *slot.group;
        if (++used_ * 2 > slots_.size()) grow();
        return made;
    }
}

Groups::Group* Groups::make(std::string_view key) {
    const std::size_t words = sizeof(Group) / sizeof(Word) + first_word_.back() +
                              (key.size() + sizeof(Word) - 1) / sizeof(Word);
    if (words > block_left_) {
        block_left_ = std::max(words, kBlockWords);
        blocks_.push_back(std::make_unique_for_overwrite<Word[]>(block_left_));
        std::swap(blocks_.front(), blocks_.back()); // the one in use is the first
    }
    block_left_ -= words;
    auto* const group = ::new (blocks_.front().get() + block_left_) Group{key.size()};
    std::fill_n(group->words(), first_word_.back(), 0);
    if (!key.empty()) std::memcpy(group->words() + first_word_.back(), key.data(), key.size());
    return group;
}

void Groups::grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
        if (slot.group == nullptr) continue;
        std::size_t at = slot.hash & (slots_.size() - 1);
        while (slots_[at].group != nullptr)
            at = (at + 1) & (slots_.size() - 1);
        slots_[at] = slot;
    }
}

void Groups::update(const Aggregate& aggregate, Word* words, const Value& value) {
    switch (aggregate.op) {
    case What::Count: ++words[0]; break;
    case What::Sum:
    case What::Average:
        put_wide(words, added(wide(words), addend(value)));
        ++words[2];
        break;
    case What::Least:
    case What::Most: update_least_or_most(aggregate, words, value); break;
    case What::Percentile: pooled(words[0], quantiles_).add(value.whole()); break;
    case What::Distinct: pooled(words[0], distinct_).add(hash_of(value)); break;
    }
}

void Groups::update_least_or_most(const Aggregate& aggregate, Word* words, const Value& value) {
    const Value before = least_or_most(words);
    if (!before.is_null()) {
        const int order = compare(value, before);
        if (aggregate.op == What::Least ? order >= 0 : order <= 0) return;
    }
    if (value.type == Value::Type::Text) {
        Word where = before.is_null() ? 0 : words[1];
        pooled(where, texts_) = value.text;
        words[1] = where;
    } else {
        words[1] = value.type == Value::Type::Real ? std::bit_cast<Word>(value.real)
                                                   : static_cast<Word>(value.integer);
    }
    words[0] = static_cast<Word>(value.type);
}

void Groups::merge(const Aggregate& aggregate, Word* words, const Word* other) {
    switch (aggregate.op) {
    case What::Count: words[0] += other[0]; break;
    case What::Sum:
    case What::Average:
        put_wide(words, added(wide(words), wide(other)));
        words[2] += other[2];
        break;
    case What::Least:
    case What::Most: {
        const Value value = least_or_most(other);
        if (!value.is_null()) update_least_or_most(aggregate, words, value);
        break;
    }
    case What::Percentile:
        if (other[0] != 0) pooled(words[0], quantiles_).merge(*pointer<Quantiles>(other[0]));
        break;
    case What::Distinct:
        if (other[0] != 0) pooled(words[0], distinct_).merge(*pointer<Distinct>(other[0]));
        break;
    }
}

void Groups::merge(Groups&& other) {
    for (const Slot& slot : other.slots_) {
        if (slot.group == nullptr) continue;
        Word* const words = find(other.key_bytes(*slot.group), slot.hash).words();
        for (std::size_t i = 0; i < query_->aggregates.size(); ++i)
            merge(query_->aggregates[i], words + first_word_[i],
                  slot.group->words() + first_word_[i]);
    }
    other = Groups(*query_);
}

Value Groups::result(const Aggregate& aggregate, const Word* words) {
    switch (aggregate.op) {
    case What::Count: return Value::of(static_cast<std::int64_t>(words[0]));
    case What::Sum: {
        const Wide sum = wide(words);
        if (words[2] == 0) return {};
        const auto narrow = static_cast<std::int64_t>(sum);
        return narrow == sum ? Value::of(narrow) : Value::of_real(static_cast<double>(sum));
    }
    case What::Average:
        if (words[2] == 0) return {};
        return Value::of_real(static_cast<double>(wide(words)) / static_cast<double>(words[2]));
    case What::Least:
    case What::Most: return least_or_most(words);
    case What::Percentile:
        return words[0] == 0 ? Value{}
                             : Value::of(pointer<Quantiles>(words[0])->at(aggregate.percent));
    case What::Distinct: break;
    }
    return Value::of(words[0] == 0 ? 0 : pointer<Distinct>(words[0])->count());
}

void Groups::decode(Group& group, std::span<Value> keys, std::span<Value> aggregates) const {
    std::string_view rest = key_bytes(group);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const Expression& key = query_->keys[i];
        if (key.kind == Kind::Text) {
            const std::size_t end = std::min(rest.find(kEnd), rest.size());
            keys[i] = end == 0 ? Value{} : Value::of_text(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
            continue;
        }
        std::uint64_t bits = 0;
        std::memcpy(&bits, rest.data() + 1, sizeof bits);
        keys[i] = Value{};
        keys[i].type = static_cast<Value::Type>(rest[0]);
        keys[i].integer = static_cast<std::int64_t>(bits);
        keys[i].real = std::bit_cast<double>(bits);
        rest.remove_prefix(1 + sizeof bits);
    }
    for (std::size_t i = 0; i < aggregates.size(); ++i)
        aggregates[i] = result(query_->aggregates[i], group.words() + first_word_[i]);
}

} // namespace nlb::query
