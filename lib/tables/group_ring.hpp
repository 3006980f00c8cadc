// SPDX-License-Identifier: Apache-2.0
// Who of a target group takes new flows, and which slots are whose: one answer for the packet path
// and for sockets.
#pragma once

#include "contract/messages.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace nlb::tables {

using Routes = std::span<const contract::Route* const>; ///< of one group and zone

/// The eligible ones, ordered by target id: the order of lines is of no consequence.
std::vector<const contract::Route*> members_of(Routes routes);

/// Slots of the group's ring; 0 when nobody takes new flows.
std::uint32_t ring_size_of(Routes routes);

/// 1-1000, whatever the line says.
std::uint32_t weight_of(const contract::Route& route);

/// For each of `size` slots the position in `members`, which members_of() gave; without members
/// nothing.
std::vector<std::uint32_t> slots_of(Routes members, std::uint32_t size);

} // namespace nlb::tables
