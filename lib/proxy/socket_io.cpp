// SPDX-License-Identifier: Apache-2.0
#include "proxy/socket_io.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <cstring>

namespace nlb::proxy {

std::uint32_t SocketIo::put_header(const Connection& of) {
    const ListenerInfo& listener = *of.label->listener;
    if (!listener.header) return 0;
    header_.clear();
    listener.header->append(wire::ProxyTransport::Stream, of.client, listener.address, header_);
    std::memcpy(buffer_.get(), header_.data(), header_.size());
    in_buffer_ = static_cast<std::uint32_t>(header_.size());
    return in_buffer_;
}

void SocketIo::keep(Side side, std::uint32_t bytes) {
    auto kept = std::make_unique<Kept>();
    kept->bytes = std::make_unique<char[]>(bytes);
    kept->size = bytes;
    std::memcpy(kept->bytes.get(), buffer_.get() + in_buffer_ - bytes, bytes);
    connection->kept[static_cast<std::size_t>(side)] = std::move(kept);
}

bool SocketIo::take_pipe(Side side) {
    auto& pipe = connection->pipes[static_cast<std::size_t>(side)];
    pipe = pipes_.take();
    if (!pipe) counters_.add(static_cast<std::size_t>(ProcessCount::SpliceRefused));
    return pipe.has_value();
}

void SocketIo::give_back_pipe(Side side) {
    auto& pipe = connection->pipes[static_cast<std::size_t>(side)];
    pipes_.give_back(std::move(*pipe));
    pipe.reset();
}

std::int64_t SocketIo::splice_in(Side side) {
    const Pipe& pipe = *connection->pipes[static_cast<std::size_t>(side)];
    const ssize_t n = ::splice(connection->fd(side), nullptr, pipe.write_end.get(), nullptr,
                               PipePool::kLargeBytes, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    return n < 0 ? -errno : n;
}

std::int64_t SocketIo::splice_out(Side from, int fd, std::uint32_t bytes) {
    const Pipe& pipe = *connection->pipes[static_cast<std::size_t>(from)];
    const ssize_t n = ::splice(pipe.read_end.get(), nullptr, fd, nullptr, bytes,
                               SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    if (n == 0) return -EIO; // the pipe holds `bytes`; without this a lie would loop forever
    return n < 0 ? -errno : n;
}

void SocketIo::tell_client_space() {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;
    event.data.u64 = event_token(*connection, Side::Client);
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, connection->fd(Side::Client), &event);
    connection->client_tells_space = true;
}

/// A target's socket does not wait for the answer to one segment before it sends the next; a
/// connection that sends one only, as many do, is spared the call.
void SocketIo::make_prompt(std::uint32_t bytes) {
    constexpr std::uint32_t kOneSegment = 512; // whatever the path [RFC 9293 3.7.1: 536]
    if (!connection->has_written && bytes <= kOneSegment) {
        connection->has_written = true;
        return;
    }
    const int on = 1;
    [[maybe_unused]] const int rc =
        ::setsockopt(connection->fd(Side::Target), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection->is_prompt = true;
}

} // namespace nlb::proxy
