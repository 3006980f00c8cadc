// SPDX-License-Identifier: Apache-2.0
#include "capture/segment.hpp"

#include "l4/l4_parse.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace nlb::capture {

namespace {

Endpoint endpoint_of(const nlb_u32 (&address_be)[4], nlb_u16 port_be, nlb_u8 family) {
    std::array<std::uint8_t, 16> bytes{};
    std::memcpy(bytes.data(), address_be, bytes.size());
    const std::size_t size = family == 4 ? 4 : bytes.size();
    return {IpAddress::from_bytes(std::span(bytes).first(size)), ntohs(port_be)};
}

} // namespace

std::optional<Segment> read_segment(std::span<const std::uint8_t> frame) {
    constexpr std::uint8_t kFragment = NLB_DESC_FIRST_FRAGMENT | NLB_DESC_LATER_FRAGMENT;
    if (frame.empty()) return std::nullopt; // the core adds offsets to data(), which may be null
    nlb_l4_desc desc;
    const std::uint8_t* end = frame.data() + frame.size();
    if (nlb_l4_parse(frame.data(), end, &desc) != NLB_PARSED_TRANSPORT) return std::nullopt;
    if (desc.key.protocol != IPPROTO_TCP || (desc.flags & kFragment) != 0) return std::nullopt;
    Segment out;
    out.from = endpoint_of(desc.key.source_be, desc.key.source_port_be, desc.key.family);
    out.to = endpoint_of(desc.key.destination_be, desc.key.destination_port_be, desc.key.family);
    out.ack = (desc.tcp_flags & NLB_TCP_ACK) != 0;
    out.tcp.sequence = desc.sequence;
    out.tcp.syn = (desc.tcp_flags & NLB_TCP_SYN) != 0;
    out.tcp.fin = (desc.tcp_flags & NLB_TCP_FIN) != 0;
    out.tcp.rst = (desc.tcp_flags & NLB_TCP_RST) != 0;
    const std::size_t payload =
        desc.segment_length - (out.tcp.syn ? 1U : 0U) - (out.tcp.fin ? 1U : 0U);
    // The data offset is the upper half of byte 12 of the TCP header; the parser has checked it.
    const std::size_t start = desc.l4_offset + std::size_t{frame[desc.l4_offset + 12U]} / 16 * 4;
    if (start < frame.size())
        out.tcp.payload = frame.subspan(start, std::min(payload, frame.size() - start));
    return out;
}

} // namespace nlb::capture
