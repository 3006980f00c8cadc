// SPDX-License-Identifier: Apache-2.0
// UdpOutbound: datagrams on their way out, sorted by the socket that they leave from. Those of one
// flow that follow each other with one length become one message, which the kernel or the network
// card takes apart again (UDP_SEGMENT [udp(7)]); the order within a flow and direction is kept.
// Pure.
#pragma once

#include "proxy/udp_flows.hpp"
#include "proxy/udp_inbound.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nlb::proxy {

/// Which socket something leaves from: a number of its own for each listening socket and each one
/// that leads to targets.
using UdpLane = std::uint32_t;

struct UdpMessage {
    UdpAddress to;
    UdpLane lane = 0;
    std::uint32_t flow = 0; ///< index
    Side from = Side::Client;
    std::uint32_t bytes = 0;
    std::uint32_t segment = 0;   ///< length of each datagram but the last
    std::uint32_t datagrams = 0; ///< more than 1: to be taken apart
    std::uint32_t first = 0;     ///< piece
    std::uint32_t last = 0;
    std::uint32_t pieces = 0;
    std::uint32_t next = 0; ///< message of the lane
};

class UdpOutbound {
  public:
    /// What `read` holds goes on to the other side of `flow`. The bytes stay in place until
    /// clear().
    void add(UdpLane lane, UdpFlow& flow, Side from, const UdpRead& read);

    [[nodiscard]] bool empty() const { return messages_.empty(); }

    /// Those that anything leaves from.
    [[nodiscard]] std::span<const UdpLane> lanes() const { return used_lanes_; }

    /// Calls visit(message) for those of a lane in their order.
    template <class Visit>
    void for_each(UdpLane lane, Visit&& visit) const {
        for (std::uint32_t at = lanes_[lane].first; at != kNone; at = messages_[at].next)
            visit(messages_[at]);
    }

    /// Calls visit(data, bytes) for each piece of a message, which may be a part of a datagram or
    /// several.
    template <class Visit>
    void for_each_piece(const UdpMessage& message, Visit&& visit) const {
        std::uint32_t at = message.first;
        for (std::uint32_t i = 0; i < message.pieces; ++i, at = pieces_[at].next)
            visit(pieces_[at].data, pieces_[at].bytes);
    }

    /// Everything was sent or given up; flows may be joined anew.
    void clear(UdpFlows& flows);

    static constexpr std::uint32_t kMostDatagrams = 64; ///< UDP_MAX_SEGMENTS of older kernels
    static constexpr std::uint32_t kMostBytes = 65'000; ///< with headers below the 65,535 of IP

  private:
    static constexpr std::uint32_t kNone = kNoOutbound;

    struct Piece {
        const char* data = nullptr;
        std::uint32_t bytes = 0;
        std::uint32_t next = kNone;
    };

    struct Lane {
        std::uint32_t first = kNone;
        std::uint32_t last = kNone;
    };

    /// Datagrams to send: `head`, if not empty, before the only one.
    struct Payload {
        std::string_view head;
        const char* data = nullptr;
        std::uint32_t bytes = 0; // without the head
        std::uint32_t segment = 0;
        std::uint32_t datagrams = 1;

        [[nodiscard]] std::uint32_t all() const {
            return bytes + static_cast<std::uint32_t>(head.size());
        }
    };

    void add(UdpLane lane, UdpFlow& flow, Side from, const Payload& payload);
    void add_each(UdpLane lane, UdpFlow& flow, Side from, const UdpRead& read);
    bool join(UdpMessage& message, const Payload& payload);
    void begin(UdpLane lane, const UdpFlow& flow, Side from, const Payload& payload);
    void put_pieces(UdpMessage& message, const Payload& payload);

    std::vector<UdpMessage> messages_;
    std::vector<Piece> pieces_;
    std::vector<Lane> lanes_;
    std::vector<UdpLane> used_lanes_;
    std::vector<std::shared_ptr<const std::string>> headers_; // of the pieces
};

} // namespace nlb::proxy
