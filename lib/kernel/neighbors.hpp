// SPDX-License-Identifier: Apache-2.0
// Link addresses of next hops. Packets that programs forward do not count as use of a neighbor, and
// the kernel looks again only at one in use whether its link address still holds.
#pragma once

#include "base/ip.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace nlb::kernel {

struct Neighbor {
    unsigned interface = 0; ///< index
    IpAddress address;

    bool operator==(const Neighbor&) const = default;
};

/// As if the host had a packet for it: asks for an unknown link address, and looks again at one
/// that was not confirmed for a while [arp(7)]. Errors: System.
Result<void> use(const Neighbor& neighbor);

/// Those on these interfaces whose link address was not confirmed for a while (STALE). Errors:
/// System.
Result<std::vector<Neighbor>> stale_neighbors(std::span<const unsigned> interfaces);

/// The neighbor of an RTM_NEWNEIGH message if it is STALE.
std::optional<Neighbor> stale_of(std::span<const std::uint8_t> message);

} // namespace nlb::kernel
