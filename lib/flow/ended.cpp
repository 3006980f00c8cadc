// SPDX-License-Identifier: Apache-2.0
#include "flow/ended.hpp"

#include "l4/l4_age.h"
#include "l4/l4_ends.h"

namespace nlb::flow {

namespace {

/// The key of the client's direction that an entry of the target's direction leads to.
nlb_flow_key client_key(const nlb_flow_key& key, const nlb_flow4& reply) {
    nlb_tuple client;
    nlb_flow_key client4;
    nlb_flow_other_key(&reply.flow, key.protocol, 0, &client);
    nlb_key4(&client, &client4);
    return client4;
}

nlb_tuple client_key(const nlb_tuple& key, const nlb_flow6& reply) {
    nlb_tuple client;
    nlb_flow_other_key(&reply.flow, key.protocol, 1, &client);
    return client;
}

template <class Key, class Value>
std::vector<Key> ended(const FlowTable<Key, Value>& flows, Nanos now, Nanos kept) {
    std::vector<Key> keys;
    flows.for_each([&](const Key& key, const Value& value) {
        if ((value.flow.state & NLB_FLOW_REPLY) == 0) {
            if (is_ended(value.flow, now, kept)) keys.push_back(key);
            return;
        }
        const Value* client = flows.find(client_key(key, value));
        if (client == nullptr || is_ended(client->flow, now, kept)) keys.push_back(key);
    });
    return keys;
}

} // namespace

bool is_ended(const nlb_flow& flow, Nanos now, Nanos kept) {
    const auto now_ns = static_cast<std::uint64_t>(now.ns);
    const auto kept_ns = static_cast<std::uint64_t>(kept.ns);
    return nlb_silence_ns(&flow, now_ns) > kept_ns && nlb_is_over(&flow, now_ns - kept_ns) != 0;
}

std::vector<nlb_flow_key> ended_entries(const FlowTable4& flows, Nanos now, Nanos kept) {
    return ended(flows, now, kept);
}

std::vector<nlb_tuple> ended_entries(const FlowTable6& flows, Nanos now, Nanos kept) {
    return ended(flows, now, kept);
}

} // namespace nlb::flow
