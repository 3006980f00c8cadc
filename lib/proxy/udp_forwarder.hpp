// SPDX-License-Identifier: Apache-2.0
// UdpForwarder: the datagrams of one worker. A client's datagram goes on by the flow that its
// address and port have at the listener, or opens one; answers leave from the listener's own
// socket, hence from its address. What one round of the loop brings is sent on at its end at the
// latest, joined where that saves calls; nothing waits for more to come.
//
// A flow keeps its target until it was silent for the idle timeout, the target is not well or not
// registered any more (end_those_of), or an ICMP error said that the target does not take its
// datagrams and the routing table has another target by now.
#pragma once

#include "proxy/idle_wheel.hpp"
#include "proxy/live_flow.hpp"
#include "proxy/outbox.hpp"
#include "proxy/target_ends.hpp"
#include "proxy/udp_flows.hpp"
#include "proxy/udp_handover.hpp"
#include "proxy/udp_inbound.hpp"
#include "proxy/udp_outbound.hpp"
#include "proxy/udp_sender.hpp"
#include "proxy/udp_target_sockets.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace nlb::proxy {

class UdpForwarder {
  public:
    struct Options {
        std::size_t worker = 0; ///< which block of each counter is its own
        std::size_t most_flows = 0;
        UdpTargetSockets::Limits sockets;
        bool records_flows = false;
        std::uint32_t secret = 0; ///< of the flow tables
    };

    /// Its tokens have this bit.
    static constexpr std::uint64_t kTokenBit = std::uint64_t{1} << 60U;

    /// Times are milliseconds since any fixed point.
    UdpForwarder(Options options, int epoll, ProcessBlock& counters, std::int64_t now_ms);

    /// Where new flows go from now on.
    void use(std::shared_ptr<const RoutingTable> table) { table_ = std::move(table); }

    /// Serves what comes by the socket as the table says of `slot`.
    void listen(std::uint32_t slot, io::Fd socket);

    /// The listener is no more: its flows end.
    void close(std::uint32_t slot, std::int64_t now_ms);

    [[nodiscard]] bool listens(std::uint32_t slot) const {
        return slot < listeners_.size() && listeners_[slot].socket.is_open();
    }

    void on_event(std::uint64_t token, std::uint32_t events, std::int64_t now_ms);

    /// Sends what was read.
    void flush() {
        if (inbound_.room() != UdpInbound::kMost) send_all();
    }

    /// Ends the flows of these targets; the next datagram of their clients opens others.
    void end_those_of(const TargetEnds& targets, std::int64_t now_ms);

    void look_at_due(std::int64_t now_ms);

    /// When look_at_due() has something to do, or IdleWheel::kNever.
    [[nodiscard]] std::int64_t next_ms() const { return wheel_.next_ms(); }

    /// Opens no more flows and ends those that are silent for kDrainIdleMs. A listener's socket is
    /// closed when it has no flow left: others may have its address then.
    void drain(std::int64_t now_ms);

    /// All flows and their sockets, for another process: from now on there are none here, and
    /// nothing is read.
    UdpHandover give_up(std::int64_t now_ms);

    /// Goes on with flows of another process, as far as there is room.
    void adopt(UdpHandover&& handover, std::int64_t now_ms);

    /// Ends every flow and closes every socket that listens.
    void stop(std::int64_t now_ms);

    [[nodiscard]] std::size_t live() const { return flows_.size(); }

    /// Appends the flows in the kPlacesShown places from `place` on; true when these are the last.
    bool show(std::uint32_t place, bool with_source, std::int64_t now_ms,
              std::vector<LiveFlow>& to);

    /// Records of ended flows; the caller takes them out.
    std::vector<FlowRecord>& ended() { return ended_; }

    /// Why flows could not be opened, as far as an operator can cure it; the caller takes them out.
    std::vector<Trouble>& troubles() { return troubles_; }

    static constexpr std::int64_t kDrainIdleMs = 1000;

  private:
    struct Listener {
        io::Fd socket;
        std::uint32_t lost = 0;
        std::size_t flows = 0;
    };

    /// The way to a target, or why there is none.
    struct Way {
        std::optional<std::uint32_t> socket;
        bool holds_port = false;
        DatagramDrop why = DatagramDrop::NoResources;
    };

    // udp_open.cpp: how flows begin
    static std::shared_ptr<const std::string> header_of(const ListenerInfo& listener,
                                                        const UdpAddress& client);
    UdpFlow* open(std::uint32_t slot, const ListenerRoute& route, const UdpRead& read);
    Way way_to(const ListenerRoute& route, std::uint32_t target, const UdpAddress& client);
    std::optional<Way> way_as_client(const ListenerRoute& route, std::uint32_t target,
                                     const UdpAddress& client);
    void note_trouble(const std::shared_ptr<const FlowLabel>& label, End why);

    // udp_forwarder.cpp: how they go on and end
    [[nodiscard]] bool moves_on(const UdpFlow& flow, const ListenerRoute& route) const;
    void end(UdpFlow& flow, End why);
    void check_idle(UdpFlow& flow);
    void close_unused();
    void adopt(const HandedFlow& handed, std::uint32_t socket);
    [[nodiscard]] ListenerBlock& block_of(const ListenerInfo& listener) const;
    void count(const ListenerInfo& listener, Count what, std::uint64_t amount = 1) const;
    void drop(const ListenerInfo& listener, DatagramDrop why, std::uint64_t datagrams) const;

    // udp_moves.cpp: datagrams
    void from_clients(std::uint32_t slot);
    void from_client(std::uint32_t slot, const ListenerRoute& route, const UdpRead& read);
    void from_targets(std::uint32_t socket, std::uint32_t events);
    void from_target(std::uint32_t socket, const UdpRead& read);
    void take_errors(std::uint32_t socket);
    void note_loss(const ListenerInfo& listener, std::uint32_t& known, const UdpRead& read) const;
    void make_room();
    void send_all();
    void send(UdpLane lane);
    void not_sent(const UdpMessage& message, int error, std::uint64_t datagrams);

    Options options_;
    int epoll_;
    ProcessBlock& counters_;
    std::shared_ptr<const RoutingTable> table_;
    UdpFlows flows_;
    UdpTargetSockets sockets_;
    UdpInbound inbound_;
    UdpOutbound outbound_;
    UdpSender sender_;
    IdleWheel wheel_;
    std::vector<IdleWheel::Id> due_;
    std::vector<Listener> listeners_; // by slot
    std::vector<FlowRecord> ended_;
    std::vector<Trouble> troubles_;
    std::int64_t now_ms_;
    bool draining_ = false;
};

} // namespace nlb::proxy
