// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing.hpp"

#include "flow/tables.hpp"

#include "l4/l4_hash.h"

namespace nlb::proxy {

std::optional<std::uint32_t> ListenerRoute::choose(const Endpoint& client,
                                                   std::uint32_t sequence) const {
    const std::vector<std::uint32_t>& slots = group->ring;
    if (slots.empty()) return std::nullopt;
    const bool is_udp = info->transport == Transport::Udp;
    const std::uint8_t protocol = is_udp ? NLB_PROTOCOL_UDP : NLB_PROTOCOL_TCP;
    const std::uint32_t hash =
        flow::connection_hash({client, info->address, sequence, protocol}, group->sticky);
    return slots[nlb_ring_position(hash, static_cast<std::uint32_t>(slots.size()))];
}

} // namespace nlb::proxy
