// SPDX-License-Identifier: Apache-2.0
// Connection: a Session with its two sockets.
#pragma once

#include "io/fd.hpp"
#include "proxy/idle_check.hpp"
#include "proxy/pipes.hpp"
#include "proxy/pool.hpp"
#include "proxy/routing.hpp"
#include "proxy/session.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace nlb::proxy {

/// Bytes that the receiver had no room for.
struct Kept {
    std::unique_ptr<char[]> bytes;
    std::uint32_t size = 0;
};

struct Connection {
    Session session;
    std::array<io::Fd, 2> sockets;             // indexed by Side
    std::array<std::unique_ptr<Kept>, 2> kept; // what came from the Side
    std::array<std::optional<Pipe>, 2> pipes;
    std::shared_ptr<const FlowLabel> label;
    Endpoint client;
    std::int64_t start_ms = 0; // monotonic
    std::int64_t last_ms = 0;  // monotonic: when something last happened
    IdleCheck idle;
    std::uint32_t index = 0;
    std::uint32_t generation = 0; // of this place in the pool; events of earlier owners differ
    std::uint32_t hash = 0;       // of its flow, for another target
    std::uint8_t retries = 0;     // targets tried after the first
    bool holds_port = false;      // of its label's PortUse
    bool is_preserved = false;    // the target sees the client's address
    bool has_written = false;     // to the target
    bool is_prompt = false;       // the target's socket has TCP_NODELAY
    bool in_use = false;
    bool client_tells_space = false; // its epoll entry asks for EPOLLOUT
    bool waits_for_turn = false;

    [[nodiscard]] int fd(Side side) const { return sockets[static_cast<std::size_t>(side)].get(); }
};

using ConnectionPool = Pool<Connection>;

} // namespace nlb::proxy
