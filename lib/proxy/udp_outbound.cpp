// SPDX-License-Identifier: Apache-2.0
#include "proxy/udp_outbound.hpp"

#include <algorithm>

namespace nlb::proxy {

void UdpOutbound::add(UdpLane lane, UdpFlow& flow, Side from, const UdpRead& read) {
    const auto side = static_cast<std::size_t>(from);
    if (flow.sends_singly[side]) return add_singly(lane, flow, from, read);
    const std::uint32_t datagrams = datagrams_in(read);
    const std::uint32_t open = flow.outbound[side];
    if (open != kNone && join(messages_[open], read, datagrams)) return;
    begin(lane, flow, from, read, datagrams);
    flow.outbound[side] = static_cast<std::uint32_t>(messages_.size() - 1);
}

void UdpOutbound::add_singly(UdpLane lane, UdpFlow& flow, Side from, const UdpRead& read) {
    UdpRead one = read;
    std::uint32_t left = read.bytes;
    do {
        one.bytes = std::min(left, read.segment);
        one.segment = one.bytes;
        begin(lane, flow, from, one, 1);
        one.data += one.bytes;
        left -= one.bytes;
    } while (left != 0);
}

/// The last datagram alone may be shorter, so nothing follows one that is; an empty one stays
/// alone.
bool UdpOutbound::join(UdpMessage& message, const UdpRead& read, std::uint32_t datagrams) {
    const bool is_open = message.segment != 0 && message.bytes % message.segment == 0;
    const bool fits = read.segment == message.segment ||
                      (datagrams == 1 && read.bytes != 0 && read.bytes < message.segment);
    if (!is_open || !fits || message.bytes + read.bytes > kMostBytes ||
        message.datagrams + datagrams > kMostDatagrams)
        return false;
    const std::uint32_t piece = put_piece(read);
    pieces_[message.last].next = piece;
    message.last = piece;
    ++message.pieces;
    message.bytes += read.bytes;
    message.datagrams += datagrams;
    return true;
}

std::uint32_t UdpOutbound::put_piece(const UdpRead& read) {
    pieces_.push_back({read.data, read.bytes, kNone});
    return static_cast<std::uint32_t>(pieces_.size() - 1);
}

void UdpOutbound::begin(UdpLane lane, UdpFlow& flow, Side from, const UdpRead& read,
                        std::uint32_t datagrams) {
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
    const std::uint32_t piece = put_piece(read);
    UdpMessage& message = messages_.emplace_back();
    message.to = from == Side::Client ? flow.target : flow.client;
    message.lane = lane;
    message.flow = flow.index;
    message.from = from;
    message.bytes = read.bytes;
    message.segment = read.segment;
    message.datagrams = datagrams;
    message.first = piece;
    message.last = piece;
    message.pieces = 1;
    message.next = kNone;
}

void UdpOutbound::clear(UdpFlows& flows) {
    for (const UdpMessage& message : messages_)
        flows.at(message.flow).outbound = {kNone, kNone};
    for (const UdpLane lane : used_lanes_)
        lanes_[lane] = {};
    used_lanes_.clear();
    messages_.clear();
    pieces_.clear();
}

} // namespace nlb::proxy
