// SPDX-License-Identifier: Apache-2.0
#include "flow/tables.hpp"

#include "base/check.hpp"

#include "l4/l4_hash.h"
#include "l4/l4_tuple.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <tuple>

namespace nlb::flow {

namespace {

auto order(const nlb_listener_key& key) {
    return std::tuple(key.family, std::to_array(key.address_be), key.port_be, key.protocol);
}

auto order(const nlb_address& address) {
    return std::tuple(address.family, std::to_array(address.address_be));
}

constexpr auto kByOrder = [](const auto& a, const auto& b) { return order(a) < order(b); };

std::vector<std::uint8_t> protocols_of(model::Protocol protocol) {
    if (protocol == model::Protocol::Udp) return {NLB_PROTOCOL_UDP};
    if (protocol == model::Protocol::TcpUdp) return {NLB_PROTOCOL_TCP, NLB_PROTOCOL_UDP};
    return {NLB_PROTOCOL_TCP};
}

std::uint8_t family_of(const IpAddress& address) {
    return address.is_v4() ? 4 : 6;
}

} // namespace

Tables::Tables(std::vector<ListenerEntry> listeners, std::vector<GroupEntry> groups,
               std::vector<std::uint32_t> slots, std::vector<TargetEntry> targets,
               const std::vector<IpAddress>& nodes, std::span<const std::uint16_t> host_ports)
    : listeners_(std::move(listeners)), groups_(std::move(groups)), slots_(std::move(slots)),
      targets_(std::move(targets)) {
    index_listeners();
    for (const GroupEntry& group : groups_) {
        NLB_CHECK(group.value.first_slot + std::size_t{group.value.ring_size} <= slots_.size());
    }
    for (const IpAddress& node : nodes) {
        nlb_address address{};
        put_address(node, address.address_be);
        address.family = family_of(node);
        nodes_.push_back(address);
    }
    std::sort(nodes_.begin(), nodes_.end(), kByOrder);
    const auto same = [](const auto& a, const auto& b) { return order(a) == order(b); };
    nodes_.erase(std::unique(nodes_.begin(), nodes_.end(), same), nodes_.end());
    add_host_ports(host_ports);
}

void Tables::add_host_ports(std::span<const std::uint16_t> ports) {
    std::vector<Key> added;
    for (const nlb_address& node : nodes_) {
        for (const std::uint16_t port : std::set(ports.begin(), ports.end())) {
            for (const std::uint8_t protocol : protocols_of(model::Protocol::TcpUdp)) {
                Key entry{};
                std::copy(std::begin(node.address_be), std::end(node.address_be),
                          entry.key.address_be);
                entry.key.port_be = nlb_hton16(port);
                entry.key.protocol = protocol;
                entry.key.family = static_cast<std::uint8_t>(node.family);
                entry.value.flags = NLB_LISTENER_HOST_PORT;
                if (find(entry.key) == nullptr) added.push_back(entry);
            }
        }
    }
    keys_.insert(keys_.end(), added.begin(), added.end());
    sort_keys();
}

void Tables::index_listeners() {
    for (std::uint32_t i = 0; i < listeners_.size(); ++i) {
        ListenerEntry& listener = listeners_[i];
        listener.value.index = i;
        if (!listener.is_in_use) continue;
        NLB_CHECK(listener.value.group < groups_.size());
        for (const std::uint8_t protocol : protocols_of(listener.protocol)) {
            Key entry{{}, listener.value};
            put_address(listener.endpoint.address, entry.key.address_be);
            entry.key.port_be = nlb_hton16(listener.endpoint.port);
            entry.key.protocol = protocol;
            entry.key.family = family_of(listener.endpoint.address);
            // The timeout of a listener of both is TCP's.
            if (protocol == NLB_PROTOCOL_UDP && listener.protocol == model::Protocol::TcpUdp)
                entry.value.idle_ms = kUdpIdleMs;
            keys_.push_back(entry);
        }
    }
    sort_keys();
}

void Tables::sort_keys() {
    std::sort(keys_.begin(), keys_.end(),
              [](const Key& a, const Key& b) { return order(a.key) < order(b.key); });
}

const nlb_listener* Tables::find(const nlb_listener_key& key) const {
    const auto at = std::lower_bound(keys_.begin(), keys_.end(), key,
                                     [](const Key& entry, const nlb_listener_key& wanted) {
                                         return order(entry.key) < order(wanted);
                                     });
    return at == keys_.end() || order(at->key) != order(key) ? nullptr : &at->value;
}

bool Tables::is_node(const nlb_address& address) const {
    return std::binary_search(nodes_.begin(), nodes_.end(), address, kByOrder);
}

void put_address(const IpAddress& address, std::uint32_t (&words_be)[4]) {
    const auto bytes = address.bytes();
    std::memset(words_be, 0, sizeof(words_be));
    std::memcpy(words_be, bytes.data(), bytes.size());
}

IpAddress address_of(const std::uint32_t (&words_be)[4], std::uint8_t family) {
    std::uint8_t bytes[16];
    std::memcpy(bytes, words_be, sizeof(bytes));
    return IpAddress::from_bytes(std::span(bytes).first(family == 4 ? 4 : 16));
}

nlb_tuple tuple_of(const Endpoint& source, const Endpoint& destination, std::uint8_t protocol) {
    NLB_CHECK(source.address.family() == destination.address.family());
    nlb_tuple tuple{};
    put_address(source.address, tuple.source_be);
    put_address(destination.address, tuple.destination_be);
    tuple.source_port_be = nlb_hton16(source.port);
    tuple.destination_port_be = nlb_hton16(destination.port);
    tuple.protocol = protocol;
    tuple.family = family_of(source.address);
    return tuple;
}

std::uint32_t connection_hash(const Tuple& tuple, bool sticky) {
    nlb_l4_desc desc;
    const nlb_tuple ends = tuple_of(tuple.client, tuple.destination, tuple.protocol);
    nlb_l4_desc_from_tuple(&ends, tuple.syn_sequence, &desc);
    return nlb_flow_hash(&desc.key, desc.sequence, sticky ? 1U : 0U, ends.family == 6 ? 1 : 0);
}

std::optional<std::uint32_t> decide(const Tables& tables, std::uint32_t listener,
                                    const Tuple& tuple) {
    const nlb_group& group = tables.groups()[tables.listeners()[listener].value.group].value;
    if (group.ring_size == 0) return std::nullopt;
    const std::uint32_t hash = connection_hash(tuple, (group.flags & NLB_GROUP_STICKY) != 0);
    return tables.slots()[group.first_slot + nlb_ring_position(hash, group.ring_size)];
}

} // namespace nlb::flow
