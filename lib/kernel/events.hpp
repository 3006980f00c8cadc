// SPDX-License-Identifier: Apache-2.0
// What the programs tell: the ring buffer, and the two things they cannot do themselves: send an
// answer in place of a packet that still owes its checksum, and ask for a link address.
#pragma once

#include "bpf/nlb_maps.h"

#include "io/event_loop.hpp"

#include <functional>
#include <memory>

struct ring_buffer;

namespace nlb::kernel {

class Events {
  public:
    using OnFlow = std::function<void(const nlb_flow_event&)>;

    /// `map`: the ring buffer's descriptor. Opens the socket that answers go out by (CAP_NET_RAW).
    /// Errors: System.
    static Result<std::unique_ptr<Events>> open(io::EventLoop& loop, int map, OnFlow on_flow);

    ~Events();
    Events(const Events&) = delete;
    Events& operator=(const Events&) = delete;

  private:
    struct Close {
        void operator()(ring_buffer* ring) const;
    };

    Events(io::EventLoop& loop, OnFlow on_flow) : loop_(loop), on_flow_(std::move(on_flow)) {}

    /// False when events are left for the next turn.
    bool consume();
    void consume_at(Nanos when);
    void take(const void* data, std::size_t size);
    void send(const nlb_answer_event& answer);
    static void resolve(const nlb_neighbor_event& neighbor);

    io::EventLoop& loop_;
    OnFlow on_flow_;
    io::Fd packets_;
    std::unique_ptr<ring_buffer, Close> ring_;
    io::EventLoop::TimerId timer_ = 0;
    std::size_t taken_ = 0; // in this turn
};

} // namespace nlb::kernel
