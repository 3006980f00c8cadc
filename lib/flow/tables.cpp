// SPDX-License-Identifier: Apache-2.0
#include "flow/tables.hpp"

#include "base/check.hpp"

#include "l4/l4_hash.h"
#include "l4/l4_tuple.h"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace nlb::flow {

namespace {

auto order(const nlb_listener_key& key) {
    return std::tuple(key.address_be, key.port_be, key.protocol);
}

bool serves_tcp(model::Protocol protocol) {
    return protocol != model::Protocol::Udp;
}

} // namespace

Tables::Tables(std::vector<ListenerEntry> listeners, std::vector<GroupEntry> groups,
               std::vector<std::uint32_t> slots, std::vector<TargetEntry> targets,
               const std::vector<IpAddress>& nodes)
    : listeners_(std::move(listeners)), groups_(std::move(groups)), slots_(std::move(slots)),
      targets_(std::move(targets)) {
    index_listeners();
    for (const GroupEntry& group : groups_) {
        NLB_CHECK(group.value.first_slot + std::size_t{group.value.ring_size} <= slots_.size());
    }
    for (const IpAddress& node : nodes) {
        if (node.is_v4()) nodes_be_.push_back(address_be(node));
    }
    std::sort(nodes_be_.begin(), nodes_be_.end());
    nodes_be_.erase(std::unique(nodes_be_.begin(), nodes_be_.end()), nodes_be_.end());
}

void Tables::index_listeners() {
    for (std::uint32_t i = 0; i < listeners_.size(); ++i) {
        ListenerEntry& listener = listeners_[i];
        listener.value.index = i;
        NLB_CHECK(listener.value.group < groups_.size());
        if (!listener.endpoint.address.is_v4() || !serves_tcp(listener.protocol)) continue;
        keys_.push_back({{address_be(listener.endpoint.address), nlb_hton16(listener.endpoint.port),
                          NLB_PROTOCOL_TCP, 0},
                         i});
    }
    std::sort(keys_.begin(), keys_.end(),
              [](const Key& a, const Key& b) { return order(a.key) < order(b.key); });
}

const ListenerEntry* Tables::find(const nlb_listener_key& key) const {
    const auto at = std::lower_bound(keys_.begin(), keys_.end(), key,
                                     [](const Key& entry, const nlb_listener_key& wanted) {
                                         return order(entry.key) < order(wanted);
                                     });
    if (at == keys_.end() || order(at->key) != order(key)) return nullptr;
    return &listeners_[at->listener];
}

bool Tables::is_node(std::uint32_t address_be) const {
    return std::binary_search(nodes_be_.begin(), nodes_be_.end(), address_be);
}

std::uint32_t address_be(const IpAddress& address) {
    std::uint32_t value = 0;
    std::memcpy(&value, address.bytes().data(), sizeof(value));
    return value;
}

IpAddress address_of(std::uint32_t address_be) {
    std::uint8_t bytes[4];
    std::memcpy(bytes, &address_be, sizeof(bytes));
    return IpAddress::from_bytes(bytes);
}

std::uint32_t connection_hash(const Tuple& tuple, bool sticky) {
    NLB_CHECK(tuple.client.address.family() == tuple.destination.address.family());
    const auto client = tuple.client.address.bytes();
    const auto destination = tuple.destination.address.bytes();
    if (tuple.client.address.is_v4()) {
        nlb_l4_desc desc;
        nlb_l4_desc_from_tuple(address_be(tuple.client.address), nlb_hton16(tuple.client.port),
                               address_be(tuple.destination.address),
                               nlb_hton16(tuple.destination.port), tuple.syn_sequence, &desc);
        return nlb_flow_hash(&desc.key, desc.sequence, sticky);
    }
    nlb_flow6_key key{};
    std::memcpy(key.source, client.data(), client.size());
    std::memcpy(key.destination, destination.data(), destination.size());
    key.source_port_be = nlb_hton16(tuple.client.port);
    key.destination_port_be = nlb_hton16(tuple.destination.port);
    key.protocol = NLB_PROTOCOL_TCP;
    return nlb_flow6_hash(&key, tuple.syn_sequence, sticky);
}

std::optional<std::uint32_t> decide(const Tables& tables, std::uint32_t listener,
                                    const Tuple& tuple) {
    const nlb_group& group = tables.groups()[tables.listeners()[listener].value.group].value;
    if (group.ring_size == 0) return std::nullopt;
    const std::uint32_t hash = connection_hash(tuple, (group.flags & NLB_GROUP_STICKY) != 0);
    return tables.slots()[group.first_slot + nlb_ring_position(hash, group.ring_size)];
}

} // namespace nlb::flow
