// SPDX-License-Identifier: Apache-2.0
// SocketIo: the calls of a Session on real sockets. One for all connections of a worker, so that
// they share its buffer; `connection` is set before each move().
#pragma once

#include "proxy/connection.hpp"

#include <sys/socket.h>

#include <memory>
#include <string>

namespace nlb::proxy {

class SocketIo {
  public:
    SocketIo(int epoll, ProcessBlock& counters)
        : epoll_(epoll), counters_(counters), buffer_(std::make_unique<char[]>(kBufferBytes)) {}

    Connection* connection = nullptr;

    /// Puts what the target is to be told of `of` into the buffer, for the move() that follows at
    /// once; its length, 0: nothing.
    std::uint32_t put_header(const Connection& of);

    std::int64_t read(Side side, Place place) {
        if (place == Place::Pipe) return splice_in(side);
        const ssize_t n = ::recv(connection->fd(side), buffer_.get(), kBufferBytes, 0);
        if (n < 0) return -errno;
        in_buffer_ = static_cast<std::uint32_t>(n);
        return n;
    }

    std::int64_t read_behind(Side side) {
        const ssize_t n =
            ::recv(connection->fd(side), buffer_.get() + in_buffer_, kBufferBytes - in_buffer_, 0);
        if (n < 0) return -errno;
        in_buffer_ += static_cast<std::uint32_t>(n);
        return n;
    }

    std::int64_t write(Side from, Place place, std::uint32_t bytes, bool last) {
        const int fd = connection->fd(other(from));
        if (from == Side::Client && !connection->is_prompt) make_prompt(bytes);
        if (place == Place::Pipe) return splice_out(from, fd, bytes);
        const char* end = buffer_.get() + in_buffer_;
        if (place == Place::Kept) {
            const Kept& kept = *connection->kept[static_cast<std::size_t>(from)];
            end = kept.bytes.get() + kept.size;
        }
        // The last bytes and the end that follows travel in one segment.
        const ssize_t n = ::send(fd, end - bytes, bytes, MSG_NOSIGNAL | (last ? MSG_MORE : 0));
        return n < 0 ? -errno : n;
    }

    void keep(Side side, std::uint32_t bytes);

    void unkeep(Side side) { connection->kept[static_cast<std::size_t>(side)].reset(); }

    bool take_pipe(Side side);
    void give_back_pipe(Side side);

    void pass_end(Side from) { ::shutdown(connection->fd(other(from)), SHUT_WR); }

    void want_space(Side side) {
        if (side == Side::Client && !connection->client_tells_space) tell_client_space();
    }

  private:
    std::int64_t splice_in(Side side);
    std::int64_t splice_out(Side from, int fd, std::uint32_t bytes);
    void tell_client_space();
    void make_prompt(std::uint32_t bytes);

    int epoll_;
    ProcessBlock& counters_;
    std::unique_ptr<char[]> buffer_;
    std::uint32_t in_buffer_ = 0;
    std::string header_; // its memory is used again
    PipePool pipes_;
};

static_assert(SessionIo<SocketIo>);

/// What epoll hands back for a connection's socket: kind, generation, index and side in 64 bits.
/// The kind of connections is 0; 24 bits of generation tell the owners of a place apart for as
/// long as an event can be under way, one round of the loop.
constexpr std::uint32_t kGenerationMask = 0xffffff;

constexpr std::uint64_t event_token(const Connection& connection, Side side) {
    return std::uint64_t{connection.generation & kGenerationMask} << 32U |
           std::uint64_t{connection.index} << 1U | static_cast<std::uint64_t>(side);
}

} // namespace nlb::proxy
