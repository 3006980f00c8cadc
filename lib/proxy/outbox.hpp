// SPDX-License-Identifier: Apache-2.0
// Outbox: what the workers tell the control thread, and the descriptor that wakes it. Bounded: a
// control thread that does not keep up costs records, never the workers' time.
#pragma once

#include "io/fd.hpp"
#include "proxy/evidence.hpp"
#include "proxy/live_flow.hpp"
#include "proxy/routing.hpp"
#include "proxy/troubles.hpp"
#include "proxy/udp_handover.hpp"

#include <cstdint>
#include <mutex>
#include <vector>

namespace nlb::proxy {

/// What a socket knows of the packets of a flow.
struct PacketsSeen {
    Endpoint source;                  ///< whom the target saw
    std::uint64_t client_packets = 0; ///< received from the client: TCP segments, or datagrams
    std::uint64_t target_packets = 0;
};

/// One ended connection.
struct FlowRecord {
    std::shared_ptr<const FlowLabel> label;
    Endpoint client;
    std::int64_t start_ms = 0;    ///< Unix time of the accept
    std::int64_t duration_ms = 0; ///< until the last side was closed
    std::uint64_t client_bytes = 0;
    std::uint64_t target_bytes = 0;
    End end = End::None;
    PacketsSeen seen{};
};

class Outbox {
  public:
    struct Content {
        std::vector<std::uint64_t> applied; ///< a job number for each worker that did it
        std::vector<FlowRecord> flows;
        std::vector<TargetSign> signs;
        std::vector<Trouble> troubles;
        std::vector<std::shared_ptr<const ListenerInfo>> full; ///< have no place any more
        std::vector<FlowPortion> portions;
        std::vector<UdpHandover> handovers;
        bool paused = false;  ///< a worker ran out of descriptors and accepts no more for now
        std::size_t idle = 0; ///< workers that drain and have no connection left
    };

    /// Errors: System.
    Result<void> open();

    /// Readable when there is content.
    [[nodiscard]] int fd() const { return event_.get(); }

    void applied(std::uint64_t job);
    void idle();
    void paused();
    void shows(FlowPortion portion);
    void hands_over(UdpHandover handover);

    /// Takes the records out of `flows`; returns how many found no room.
    std::size_t put(std::vector<FlowRecord>& flows);

    /// Takes them all; what finds no room is forgotten: there are more than enough of them.
    void put(std::vector<TargetSign>& signs) { append(signs, content_.signs); }

    void put(std::vector<Trouble>& troubles) { append(troubles, content_.troubles); }

    void put(std::vector<std::shared_ptr<const ListenerInfo>>& full) {
        append(full, content_.full);
    }

    Content take();

    static constexpr std::size_t kMostFlows = 65'536;

  private:
    void wake();
    template <class T>
    void append(std::vector<T>& from, std::vector<T>& to);

    io::Fd event_;
    std::mutex mutex_;
    Content content_;
};

/// Makes an eventfd readable; never blocks.
void ring_bell(int fd);
/// And silent again.
void silence_bell(int fd);

} // namespace nlb::proxy
