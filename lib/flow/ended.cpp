// SPDX-License-Identifier: Apache-2.0
#include "flow/ended.hpp"

#include "l4/l4_age.h"

#include <cstring>

namespace nlb::flow {

namespace {

/// The key of the client's direction that an entry of the target's direction leads to.
nlb_flow_key client_key(const nlb_flow_key& key, const nlb_flow4& reply) {
    return {reply.destination_be,      reply.source_be, reply.flow.destination_port_be,
            reply.flow.source_port_be, key.protocol,    {}};
}

nlb_tuple client_key(const nlb_tuple& key, const nlb_flow6& reply) {
    nlb_tuple client{};
    std::memcpy(client.source_be, reply.destination_be, sizeof(client.source_be));
    std::memcpy(client.destination_be, reply.source_be, sizeof(client.destination_be));
    client.source_port_be = reply.flow.destination_port_be;
    client.destination_port_be = reply.flow.source_port_be;
    client.protocol = key.protocol;
    client.family = key.family;
    return client;
}

template <class Key, class Value>
std::vector<Key> ended(const FlowTable<Key, Value>& flows, Nanos now, Nanos kept) {
    const auto now_ns = static_cast<std::uint64_t>(now.ns);
    const auto kept_ns = static_cast<std::uint64_t>(kept.ns);
    const auto is_ended = [&](const nlb_flow& flow) {
        return now_ns > flow.last_ns + kept_ns && nlb_is_over(&flow, now_ns - kept_ns) != 0;
    };
    std::vector<Key> keys;
    flows.for_each([&](const Key& key, const Value& value) {
        if ((value.flow.state & NLB_FLOW_REPLY) == 0) {
            if (is_ended(value.flow)) keys.push_back(key);
            return;
        }
        const Value* client = flows.find(client_key(key, value));
        if (client == nullptr || is_ended(client->flow)) keys.push_back(key);
    });
    return keys;
}

} // namespace

std::vector<nlb_flow_key> ended_entries(const FlowTable4& flows, Nanos now, Nanos kept) {
    return ended(flows, now, kept);
}

std::vector<nlb_tuple> ended_entries(const FlowTable6& flows, Nanos now, Nanos kept) {
    return ended(flows, now, kept);
}

} // namespace nlb::flow
