// SPDX-License-Identifier: Apache-2.0
// Ring: the Maglev lookup table that turns a flow hash into a target. A flow with hash h goes to
// members[slots[h % slots.size()]]. Every node that knows the same members builds the same table,
// and one member more or less leaves nearly all other slots alone.
// [Eisenbud et al., Maglev, NSDI 2016, §3.4; the members' permutations are ours, see ring.cpp]
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nlb::route {

struct Member {
    std::string_view id;      ///< what makes it the same member on every node: the target's key
    std::uint32_t weight = 1; ///< relative share of the slots; 0: none
};

struct Ring {
    /// Index into the members that the ring was built from, in the order they were given; empty
    /// when no member has a weight.
    std::vector<std::uint32_t> slots;
};

/// The prime number of slots for a group of so many registered targets: 4,093 up to 4 of them,
/// 16,381 up to 25, otherwise 65,537. Count the targets that take flows and those that do not, so
/// that a change of health never changes the size, which would move every flow.
std::uint32_t ring_size(std::size_t registered);

/// Which slot belongs to whom depends on the ids and weights alone, not on the order of `members`.
/// Ids must differ and `size` must be prime. Members beyond `size` may get no slot.
Ring build_ring(std::span<const Member> members, std::uint32_t size);

/// 16 hex digits over which id owns which slot: equal on two nodes whose rings are equal, whatever
/// order their members had. For logs and comparison.
std::string ring_digest(const Ring& ring, std::span<const Member> members);

} // namespace nlb::route
