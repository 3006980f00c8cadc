// SPDX-License-Identifier: Apache-2.0
#include "tables/rings.hpp"

#include "route/ring.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace nlb::tables {

namespace {

using flow::GroupEntry;
using flow::Tables;

std::span<const std::uint32_t> slots_of(const Tables& tables, const GroupEntry& group) {
    return tables.slots().subspan(group.value.first_slot, group.value.ring_size);
}

std::string digest_of(const Tables& tables, const GroupEntry& group) {
    std::vector<std::string_view> ids;
    std::map<std::uint32_t, std::uint32_t> position;
    for (const std::uint32_t target : group.members) {
        position.emplace(target, static_cast<std::uint32_t>(ids.size()));
        ids.push_back(tables.targets()[target].id.value);
    }
    std::vector<std::uint32_t> slots;
    slots.reserve(group.value.ring_size);
    for (const std::uint32_t target : slots_of(tables, group))
        slots.push_back(position.at(target));
    return tables::digest_of(slots, ids);
}

const GroupEntry* same_group(const Tables& tables, const GroupEntry& wanted) {
    for (const GroupEntry& group : tables.groups()) {
        if (group.id == wanted.id && group.zone == wanted.zone) return &group;
    }
    return nullptr;
}

/// Targets by where they are: an id may be given to another machine.
using Name = std::pair<model::TargetId, Endpoint>;

Name name_of(const Tables& tables, std::uint32_t target) {
    return {tables.targets()[target].id, tables.targets()[target].endpoint};
}

/// The share of the slots of each target.
std::map<Name, double> shares(const Tables& tables, const GroupEntry& group) {
    std::map<std::uint32_t, std::size_t> counts;
    for (const std::uint32_t target : slots_of(tables, group))
        ++counts[target];
    std::map<Name, double> found;
    for (const auto& [target, count] : counts)
        found[name_of(tables, target)] =
            static_cast<double>(count) / static_cast<double>(group.value.ring_size);
    return found;
}

/// The share of flows that stay with their target.
double kept(const Tables& before, const GroupEntry& old, const Tables& after,
            const GroupEntry& now) {
    if (old.value.ring_size == now.value.ring_size) {
        std::size_t same = 0;
        const auto first = slots_of(before, old);
        const auto second = slots_of(after, now);
        for (std::size_t i = 0; i < first.size(); ++i) {
            if (name_of(before, first[i]) == name_of(after, second[i])) ++same;
        }
        return static_cast<double>(same) / static_cast<double>(first.size());
    }
    // The sizes are different primes: of a hash the one slot says nothing about the other.
    double sum = 0;
    const auto there = shares(after, now);
    for (const auto& [name, share] : shares(before, old)) {
        const auto again = there.find(name);
        if (again != there.end()) sum += share * again->second;
    }
    return sum;
}

Moves compare(const Tables& before, const GroupEntry& old, const Tables& after) {
    Moves moves{old.id, old.zone, old.members.size(), 0, 0, 0};
    const GroupEntry* now = same_group(after, old);
    if (now != nullptr) moves.after = now->members.size();
    if (old.value.ring_size == 0) return moves;
    if (now == nullptr || now->value.ring_size == 0) {
        moves.moved = moves.forced = 1;
        return moves;
    }
    const auto there = shares(after, *now);
    for (const auto& [name, share] : shares(before, old)) {
        if (!there.contains(name)) moves.forced += share;
    }
    moves.moved = 1 - kept(before, old, after, *now);
    return moves;
}

} // namespace

std::string digest_of(const std::vector<std::uint32_t>& slots,
                      const std::vector<std::string_view>& ids) {
    if (slots.empty()) return {};
    std::vector<route::Member> members;
    members.reserve(ids.size());
    for (const std::string_view id : ids)
        members.push_back({id, 1});
    return route::ring_digest({slots}, members);
}

std::vector<RingSummary> rings(const Tables& tables) {
    std::vector<RingSummary> all;
    all.reserve(tables.groups().size());
    for (const GroupEntry& group : tables.groups()) {
        all.push_back({group.id, group.zone, group.value.ring_size, group.members.size(),
                       digest_of(tables, group)});
    }
    return all;
}

std::vector<Moves> moves(const Tables& before, const Tables& after) {
    std::vector<Moves> all;
    for (const GroupEntry& old : before.groups())
        all.push_back(compare(before, old, after));
    for (const GroupEntry& group : after.groups()) {
        if (same_group(before, group) == nullptr)
            all.push_back({group.id, group.zone, 0, group.members.size(), 0, 0});
    }
    return all;
}

} // namespace nlb::tables
