// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing.hpp"

#include "base/check.hpp"

#include "l4/l4_hash.h"

#include <algorithm>
#include <cstring>

namespace nlb::proxy {

namespace {

std::uint32_t as_be(const IpAddress& address) {
    std::uint32_t value = 0;
    std::memcpy(&value, address.bytes().data(), sizeof value);
    return value;
}

} // namespace

std::uint32_t connection_hash(const Endpoint& client, const Endpoint& destination,
                              std::uint32_t sequence, bool sticky) {
    NLB_CHECK(client.address.family() == destination.address.family());
    const std::uint32_t is_sticky = sticky ? 1 : 0;
    if (client.address.is_v4()) {
        nlb_flow_key key{};
        key.source_be = as_be(client.address);
        key.destination_be = as_be(destination.address);
        key.source_port_be = nlb_hton16(client.port);
        key.destination_port_be = nlb_hton16(destination.port);
        key.protocol = NLB_PROTOCOL_TCP;
        return nlb_flow_hash(&key, sequence, is_sticky);
    }
    nlb_flow6_key key{};
    std::memcpy(key.source, client.address.bytes().data(), sizeof key.source);
    std::memcpy(key.destination, destination.address.bytes().data(), sizeof key.destination);
    key.source_port_be = nlb_hton16(client.port);
    key.destination_port_be = nlb_hton16(destination.port);
    key.protocol = NLB_PROTOCOL_TCP;
    return nlb_flow6_hash(&key, sequence, is_sticky);
}

std::optional<std::uint32_t> ListenerRoute::choose(const Endpoint& client,
                                                   std::uint32_t sequence) const {
    const std::vector<std::uint32_t>& slots = group->ring.slots;
    if (slots.empty()) return std::nullopt;
    const std::uint32_t hash = connection_hash(client, info->address, sequence, group->sticky);
    return slots[nlb_ring_position(hash, static_cast<std::uint32_t>(slots.size()))];
}

} // namespace nlb::proxy
