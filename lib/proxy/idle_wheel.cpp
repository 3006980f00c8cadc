// SPDX-License-Identifier: Apache-2.0
#include "proxy/idle_wheel.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <bit>

namespace nlb::proxy {

IdleWheel::IdleWheel(std::int64_t now_ms) : step_(now_ms / kStepMs) {
    first_.fill(kNone);
}

void IdleWheel::add(Id id, std::int64_t due_ms) {
    if (id >= nodes_.size()) nodes_.resize(std::max<std::size_t>(id + 1, nodes_.size() * 2));
    NLB_CHECK(nodes_[id].slot == kNone);
    const std::int64_t wanted = (due_ms + kStepMs - 1) / kStepMs;
    const std::int64_t step =
        std::clamp(wanted, step_ + 1, step_ + static_cast<std::int64_t>(kSlots) - 1);
    const auto slot = static_cast<std::uint32_t>(step % static_cast<std::int64_t>(kSlots));
    const Id after = first_[slot];
    nodes_[id] = {slot, kNone, after};
    if (after != kNone) nodes_[after].before = id;
    first_[slot] = id;
    used_[slot / 64] |= std::uint64_t{1} << (slot % 64);
}

void IdleWheel::remove(Id id) {
    if (id >= nodes_.size() || nodes_[id].slot == kNone) return;
    const Node node = nodes_[id];
    if (node.after != kNone) nodes_[node.after].before = node.before;
    if (node.before != kNone) {
        nodes_[node.before].after = node.after;
    } else {
        first_[node.slot] = node.after;
        if (node.after == kNone) used_[node.slot / 64] &= ~(std::uint64_t{1} << (node.slot % 64));
    }
    nodes_[id].slot = kNone;
}

void IdleWheel::advance(std::int64_t now_ms, std::vector<Id>& due) {
    const std::int64_t target = now_ms / kStepMs;
    const std::int64_t whole_turn = step_ + static_cast<std::int64_t>(kSlots);
    for (std::int64_t step = step_ + 1; step <= std::min(target, whole_turn); ++step) {
        const auto slot = static_cast<std::size_t>(step) % kSlots;
        while (first_[slot] != kNone) {
            due.push_back(first_[slot]);
            remove(first_[slot]);
        }
    }
    step_ = std::max(step_, target);
}

std::int64_t IdleWheel::next_ms() const {
    constexpr std::size_t kWords = kSlots / 64;
    const std::size_t start = static_cast<std::size_t>(step_ + 1) % kSlots;
    // The word of the first slot is looked at twice: its upper part now, its lower part last.
    for (std::size_t i = 0; i <= kWords; ++i) {
        std::uint64_t word = used_[(start / 64 + i) % kWords];
        const std::uint64_t from_start = ~std::uint64_t{0} << (start % 64);
        if (i == 0) word &= from_start;
        if (i == kWords) word &= ~from_start;
        if (word == 0) continue;
        const std::size_t slot =
            (start / 64 + i) % kWords * 64 + static_cast<std::size_t>(std::countr_zero(word));
        const auto ahead = static_cast<std::int64_t>((slot + kSlots - start) % kSlots);
        return (step_ + 1 + ahead) * kStepMs;
    }
    return kNever;
}

} // namespace nlb::proxy
