// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing.hpp"

#include "flow/tables.hpp"

#include "l4/l4_hash.h"

#include <algorithm>

namespace nlb::proxy {

std::uint32_t ListenerRoute::hash(const Endpoint& client, std::uint32_t sequence) const {
    return flow::connection_hash({client, info->address, sequence, protocol_of(info->transport)},
                                 group->sticky);
}

std::optional<std::uint32_t> ListenerRoute::choose(std::uint32_t hash) const {
    const std::vector<std::uint32_t>& slots = group->ring;
    if (slots.empty()) return std::nullopt;
    return slots[nlb_ring_position(hash, static_cast<std::uint32_t>(slots.size()))];
}

std::optional<std::uint32_t> ListenerRoute::choose(const Endpoint& client,
                                                   std::uint32_t sequence) const {
    return choose(hash(client, sequence));
}

std::optional<std::uint32_t> ListenerRoute::choose_again(std::uint32_t hash,
                                                         std::uint32_t attempts) const {
    const std::vector<std::uint32_t>& slots = group->ring;
    if (attempts >= group->targets.size()) return std::nullopt;
    const auto size = static_cast<std::uint32_t>(slots.size());
    std::vector<std::uint32_t> seen;
    for (std::uint32_t i = 0, at = nlb_ring_position(hash, size); i < size; ++i, ++at) {
        const std::uint32_t target = slots[at % size];
        if (std::find(seen.begin(), seen.end(), target) != seen.end()) continue;
        if (seen.size() == attempts) return target;
        seen.push_back(target);
    }
    return std::nullopt;
}

} // namespace nlb::proxy
