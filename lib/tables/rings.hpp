// SPDX-License-Identifier: Apache-2.0
// What two sets of tables have in common: digests that prove rings equal, and how many flows a
// change would move. Pure.
#pragma once

#include "flow/tables.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nlb::tables {

/// The ring of one group in one zone.
struct RingSummary {
    model::TargetGroupId group;
    std::string zone;
    std::uint32_t size = 0;  ///< slots; 0: nobody takes new flows
    std::size_t targets = 0; ///< in the ring
    std::string digest;      ///< 16 hex digits over which target owns which slot; empty: no slots
};

/// 16 hex digits; `slots` are positions in `ids`. Empty without slots.
std::string digest_of(const std::vector<std::uint32_t>& slots,
                      const std::vector<std::string_view>& ids);

/// Every group in the order of the tables.
std::vector<RingSummary> rings(const flow::Tables& tables);

/// What becomes of the flows of one group in one zone, as shares of all flows (0 to 1). Flows that
/// are open stay where they are; this is about those that come.
struct Moves {
    model::TargetGroupId group;
    std::string zone;
    std::size_t before = 0; ///< targets in the ring
    std::size_t after = 0;
    double moved = 0;  ///< would come to another target, or to none
    double forced = 0; ///< of these: their target takes no new flows any more
};

/// Every group and zone of `before`, then those that only `after` has, which move nothing.
std::vector<Moves> moves(const flow::Tables& before, const flow::Tables& after);

} // namespace nlb::tables
