// SPDX-License-Identifier: Apache-2.0
// Route-sets (nlb-messages(7)) to the tables that packets and connections are decided with.
#pragma once

#include "flow/tables.hpp"

#include "base/result.hpp"
#include "contract/messages.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nlb::tables {

/// The node that the tables are for.
struct Node {
    std::string zone;                      ///< empty: the nodes of all zones
    std::vector<std::uint16_t> host_ports; ///< where no listener is: the host's own services
};

/// Tables of the `listener`, `routing` and `route` lines of every route-set in force, other
/// messages are ignored. With `previous`, targets and
/// listeners keep their indexes. An index that is free now is given away by a later build only, and
/// that of a target gets a new generation then, so that no flow goes to a target it was not opened
/// to.
/// Errors: Data, when a listener's group has no routing line for the listener's zone, or two
/// listeners have the same address, port and protocol.
Result<flow::Tables> build(std::span<const contract::Message> lines, const Node& node = {},
                           const flow::Tables* previous = nullptr);

} // namespace nlb::tables
