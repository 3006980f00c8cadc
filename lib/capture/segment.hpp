// SPDX-License-Identifier: Apache-2.0
// The TCP segment in a frame, read by the packet core's own parser.
#pragma once

#include "base/ip.hpp"
#include "wire/tcp_stream.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace nlb::capture {

struct Segment {
    Endpoint from;
    Endpoint to;
    bool ack = false;
    wire::TcpSegment tcp; ///< its payload lies in the frame, as much of it as was captured
};

/// Nothing when the Ethernet frame holds no whole TCP header: another protocol, damage, or a
/// fragment.
std::optional<Segment> read_segment(std::span<const std::uint8_t> frame);

} // namespace nlb::capture
