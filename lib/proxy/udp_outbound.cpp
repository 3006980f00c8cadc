// SPDX-License-Identifier: Apache-2.0
#include "proxy/udp_outbound.hpp"

#include <algorithm>

namespace nlb::proxy {

void UdpOutbound::add(UdpLane lane, UdpFlow& flow, Side from, const UdpRead& read) {
    const bool is_headed = from == Side::Client && flow.header;
    if (is_headed || flow.sends_singly[static_cast<std::size_t>(from)])
        return add_each(lane, flow, from, read);
    add(lane, flow, from, Payload{{}, read.data, read.bytes, read.segment, datagrams_in(read)});
}

void UdpOutbound::add_each(UdpLane lane, UdpFlow& flow, Side from, const UdpRead& read) {
    Payload one;
    if (from == Side::Client && flow.header) {
        one.head = *flow.header;
        headers_.push_back(flow.header);
    }
    one.data = read.data;
    std::uint32_t left = read.bytes;
    do {
        one.bytes = std::min(left, read.segment);
        one.segment = one.all();
        add(lane, flow, from, one);
        one.data += one.bytes;
        left -= one.bytes;
    } while (left != 0);
}

void UdpOutbound::add(UdpLane lane, UdpFlow& flow, Side from, const Payload& payload) {
    const auto side = static_cast<std::size_t>(from);
    const std::uint32_t open = flow.outbound[side];
    if (open != kNone && !flow.sends_singly[side] && join(messages_[open], payload)) return;
    begin(lane, flow, from, payload);
    flow.outbound[side] = static_cast<std::uint32_t>(messages_.size() - 1);
}

/// The last datagram alone may be shorter, so nothing follows one that is; an empty one stays
/// alone.
bool UdpOutbound::join(UdpMessage& message, const Payload& payload) {
    const std::uint32_t bytes = payload.all();
    const bool is_open = message.segment != 0 && message.bytes % message.segment == 0;
    const bool fits = payload.segment == message.segment ||
                      (payload.datagrams == 1 && bytes != 0 && bytes < message.segment);
    if (!is_open || !fits || message.bytes + bytes > kMostBytes ||
        message.datagrams + payload.datagrams > kMostDatagrams)
        return false;
    put_pieces(message, payload);
    message.bytes += bytes;
    message.datagrams += payload.datagrams;
    return true;
}

void UdpOutbound::put_pieces(UdpMessage& message, const Payload& payload) {
    const auto put = [&](const char* data, std::uint32_t bytes) {
        const auto number = static_cast<std::uint32_t>(pieces_.size());
        pieces_.push_back({data, bytes, kNone});
        if (message.pieces == 0)
            message.first = number;
        else
            pieces_[message.last].next = number;
        message.last = number;
        ++message.pieces;
    };
    if (!payload.head.empty())
        put(payload.head.data(), static_cast<std::uint32_t>(payload.head.size()));
    put(payload.data, payload.bytes);
}

void UdpOutbound::begin(UdpLane lane, const UdpFlow& flow, Side from, const Payload& payload) {
    const auto number = static_cast<std::uint32_t>(messages_.size());
    if (lane >= lanes_.size()) lanes_.resize(lane + 1);
    Lane& of = lanes_[lane];
    if (of.first == kNone) {
        of.first = number;
        used_lanes_.push_back(lane);
    } else {
        messages_[of.last].next = number;
    }
    of.last = number;
    UdpMessage& message = messages_.emplace_back();
    message.to = from == Side::Client ? flow.target : flow.client;
    message.lane = lane;
    message.flow = flow.index;
    message.from = from;
    message.bytes = payload.all();
    message.segment = payload.segment;
    message.datagrams = payload.datagrams;
    message.next = kNone;
    put_pieces(message, payload);
}

void UdpOutbound::clear(UdpFlows& flows) {
    for (const UdpMessage& message : messages_)
        flows.at(message.flow).outbound = {kNone, kNone};
    for (const UdpLane lane : used_lanes_)
        lanes_[lane] = {};
    used_lanes_.clear();
    messages_.clear();
    pieces_.clear();
    headers_.clear();
}

} // namespace nlb::proxy
