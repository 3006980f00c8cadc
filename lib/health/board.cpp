// SPDX-License-Identifier: Apache-2.0
#include "health/board.hpp"

#include <algorithm>

namespace nlb::health {

namespace {

contract::TargetHealth* find(std::vector<contract::TargetHealth>& group,
                             const model::TargetId& target) {
    const auto it = std::find_if(group.begin(), group.end(),
                                 [&](const auto& line) { return line.target == target; });
    return it == group.end() ? nullptr : &*it;
}

} // namespace

Board::Outcome Board::take(const contract::Event& event) {
    Outcome out;
    if (const auto* bad = std::get_if<contract::BadLine>(&event.what)) out.warning = bad->why;
    auto outcome = assembler_.take(event);
    if (const auto* dropped = std::get_if<contract::SetAssembler::Dropped>(&outcome)) {
        out.warning = dropped->why;
    } else if (const auto* set = std::get_if<contract::Set>(&outcome)) {
        take_set(*set, out);
    } else if (std::holds_alternative<contract::SetAssembler::NotOfSet>(outcome)) {
        const auto* message = std::get_if<contract::Message>(&event.what);
        if (message != nullptr && std::holds_alternative<contract::Hello>(*message)) {
            starting_ = true;
            named_.clear();
        } else if (message != nullptr) {
            const auto* line = std::get_if<contract::TargetHealth>(message);
            if (line != nullptr) take_line(*line, out);
        }
    }
    return out;
}

void Board::take_set(const contract::Set& set, Outcome& out) {
    if (set.kind != contract::SetKind::TargetHealth) return;
    Group now;
    std::map<model::TargetId, const contract::TargetHealth*> known;
    Group before = std::exchange(groups_[set.scope], {});
    for (const contract::TargetHealth& line : before)
        known.emplace(line.target, &line);
    for (const contract::Message& message : set.lines) {
        const auto* line = std::get_if<contract::TargetHealth>(&message);
        if (line == nullptr) continue;
        const auto old = known.find(line->target);
        note(old == known.end() ? nullptr : old->second, *line, out);
        now.push_back(*line);
    }
    named_.insert(set.scope);
    groups_[set.scope] = std::move(now);
    if (groups_[set.scope].empty()) groups_.erase(set.scope);
    if (set.more) return;
    if (std::exchange(starting_, false))
        std::erase_if(groups_, [&](const auto& group) { return !named_.contains(group.first); });
    complete_ = true;
}

void Board::take_line(const contract::TargetHealth& line, Outcome& out) {
    Group& group = groups_[line.group];
    contract::TargetHealth* known = find(group, line.target);
    note(known, line, out);
    if (known != nullptr) {
        *known = line;
    } else {
        group.push_back(line);
    }
}

void Board::note(const contract::TargetHealth* before, const contract::TargetHealth& now,
                 Outcome& out) const {
    if (!complete_ || (before != nullptr && before->state == now.state)) return;
    out.changes.push_back({std::nullopt, now});
    if (before != nullptr) out.changes.back().before = before->state;
}

std::vector<contract::TargetHealth> Board::lines() const {
    std::vector<contract::TargetHealth> all;
    for (const auto& [id, group] : groups_)
        all.insert(all.end(), group.begin(), group.end());
    return all;
}

std::map<model::TargetGroupId, Board::Totals> Board::totals() const {
    std::map<model::TargetGroupId, Totals> all;
    for (const auto& [id, group] : groups_) {
        Totals& totals = all[id];
        for (const contract::TargetHealth& line : group)
            ++totals[static_cast<std::size_t>(line.state)];
    }
    return all;
}

} // namespace nlb::health
