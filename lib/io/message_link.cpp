// SPDX-License-Identifier: Apache-2.0
#include "io/message_link.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace nlb::io {

namespace {

bool is_socket(int fd) {
    struct stat info {};

    return fd >= 0 && ::fstat(fd, &info) == 0 && S_ISSOCK(info.st_mode);
}

bool can_write(int fd) {
    pollfd p{fd, POLLOUT, 0};
    return ::poll(&p, 1, 0) == 1;
}

/// Writes without ever blocking, although a pipe's descriptor may be shared with other processes
/// and therefore must not be switched to O_NONBLOCK: a pipe that polls writable takes PIPE_BUF
/// bytes at once [pipe(7)]. Returns -1 with EAGAIN when it would block.
ssize_t write_some(int fd, bool socket, std::string_view bytes) {
    if (socket) return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    constexpr std::size_t kPipeBuf = 4096;
    if (!can_write(fd)) {
        errno = EAGAIN;
        return -1;
    }
    return ::write(fd, bytes.data(), std::min(bytes.size(), kPipeBuf));
}

} // namespace

MessageLink::MessageLink(EventLoop& loop, Fd in, Fd out, contract::Hello hello, Handlers handlers)
    : loop_(loop), in_(std::move(in)), out_(std::move(out)), handlers_(std::move(handlers)),
      writer_(std::move(hello)), out_is_socket_(is_socket(out_.get())) {
}

Result<std::unique_ptr<MessageLink>> MessageLink::make(EventLoop& loop, Fd in, Fd out,
                                                       contract::Hello hello, Handlers handlers) {
    std::unique_ptr<MessageLink> link(new MessageLink(loop, std::move(in), std::move(out),
                                                      std::move(hello), std::move(handlers)));
    if (auto started = link->start(); !started) return tl::unexpected<Error>(started.error());
    return link;
}

Result<void> MessageLink::start() {
    if (in_.is_open()) {
        auto added = loop_.add(in_.get(), EPOLLIN, [this](std::uint32_t) { on_readable(); });
        if (!added) return added;
    }
    if (out_.is_open()) {
        auto added =
            loop_.add(out_.get(), 0, [this](std::uint32_t events) { on_out_event(events); });
        if (!added) return added;
        out_watched_ = true;
        flush();
    }
    return {};
}

MessageLink::~MessageLink() {
    if (in_.is_open()) loop_.remove(in_.get());
    if (out_watched_) loop_.remove(out_.get());
}

void MessageLink::on_readable() {
    std::array<char, 65536> buffer{};
    const ssize_t n = retry([&] { return ::read(in_.get(), buffer.data(), buffer.size()); });
    if (n < 0) {
        if (errno != EAGAIN) end(sys_error("read from the peer"));
        return;
    }
    const auto events =
        n == 0 ? reader_.finish() : reader_.feed({buffer.data(), static_cast<std::size_t>(n)});
    for (const contract::Event& event : events)
        handlers_.on_event(event);
    pollfd more{in_.get(), POLLIN, 0};
    const bool last = n == 0 || ::poll(&more, 1, 0) != 1;
    if (last && handlers_.on_batch) handlers_.on_batch();
    if (n == 0) end({});
}

void MessageLink::watch_for_space(bool wanted) {
    if (out_watched_) loop_.modify(out_.get(), wanted ? std::uint32_t{EPOLLOUT} : 0U);
}

void MessageLink::flush() {
    if (!out_.is_open()) {
        writer_.drain();
        return;
    }
    while (!writer_.pending().empty()) {
        const ssize_t n =
            retry([&] { return write_some(out_.get(), out_is_socket_, writer_.pending()); });
        if (n >= 0) {
            writer_.sent(static_cast<std::size_t>(n));
            continue;
        }
        if (errno != EAGAIN) return end(sys_error("write to the peer"));
        if (writer_.pending().size() > kMostPending) {
            return end(fail(Errc::System, "the peer reads too slowly: closed"));
        }
        return watch_for_space(true);
    }
    watch_for_space(false);
}

void MessageLink::on_out_event(std::uint32_t events) {
    // epoll reports these even when nothing is asked for: the reader is gone.
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) return end(sys_error("write to the peer", EPIPE));
    flush();
}

void MessageLink::end_input() {
    loop_.remove(in_.get());
    in_.reset();
}

void MessageLink::end(Result<void> how) {
    if (failed_ || (ended_ && how)) return;
    ended_ = true;
    failed_ = !how || out_is_socket_;
    if (in_.is_open()) end_input();
    if (failed_ && out_watched_) {
        loop_.remove(out_.get());
        out_watched_ = false;
        out_.reset();
    }
    if (handlers_.on_closed) handlers_.on_closed(std::move(how));
}

} // namespace nlb::io
