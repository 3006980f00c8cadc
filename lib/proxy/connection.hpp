// SPDX-License-Identifier: Apache-2.0
// Connection: a Session with its two sockets, and the pool that hands connections out by number.
#pragma once

#include "io/fd.hpp"
#include "proxy/pipes.hpp"
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
    std::uint32_t index = 0;
    std::uint32_t generation = 0; // of this place in the pool; events of earlier owners differ
    bool in_use = false;
    bool client_tells_space = false; // its epoll entry asks for EPOLLOUT
    bool waits_for_turn = false;

    [[nodiscard]] int fd(Side side) const { return sockets[static_cast<std::size_t>(side)].get(); }
};

/// Memory is taken in chunks and kept for the next connections.
class ConnectionPool {
  public:
    Connection& take() {
        if (free_.empty()) grow();
        Connection& connection = at(free_.back());
        free_.pop_back();
        connection.in_use = true;
        ++size_;
        return connection;
    }

    void give_back(Connection& connection) {
        const std::uint32_t index = connection.index;
        const std::uint32_t generation = connection.generation + 1;
        connection = Connection{};
        connection.index = index;
        connection.generation = generation;
        free_.push_back(index);
        --size_;
    }

    [[nodiscard]] Connection& at(std::uint32_t index) {
        return (*chunks_[index / kChunk])[index % kChunk];
    }

    /// The connection that had this number then, or null when it has ended.
    [[nodiscard]] Connection* find(std::uint32_t index, std::uint32_t generation) {
        Connection& connection = at(index);
        return connection.in_use && connection.generation == generation ? &connection : nullptr;
    }

    [[nodiscard]] std::size_t size() const { return size_; }

    template <class Visit>
    void for_each(Visit&& visit) {
        for (const auto& chunk : chunks_) {
            for (Connection& connection : *chunk) {
                if (connection.in_use) visit(connection);
            }
        }
    }

  private:
    static constexpr std::uint32_t kChunk = 256;

    void grow() {
        const auto first = static_cast<std::uint32_t>(chunks_.size()) * kChunk;
        auto& chunk = *chunks_.emplace_back(std::make_unique<std::array<Connection, kChunk>>());
        for (std::uint32_t i = kChunk; i-- > 0;) {
            chunk[i].index = first + i;
            free_.push_back(first + i);
        }
    }

    std::vector<std::unique_ptr<std::array<Connection, kChunk>>> chunks_;
    std::vector<std::uint32_t> free_;
    std::size_t size_ = 0;
};

} // namespace nlb::proxy
