// SPDX-License-Identifier: Apache-2.0
#include "proxy/saved_syn.hpp"
#include "proxy/worker.hpp"
#include "proxy/worker_detail.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>

namespace nlb::proxy {

namespace {

constexpr int kAcceptsPerTurn = 64; // before connections that exist get their turn
constexpr std::int64_t kPauseMs = 100;

} // namespace

/// Connections wait in the kernel until they are accepted; closing the socket would reset them.
void Worker::accept_all(std::uint32_t slot) {
    constexpr int kMostTurns = 1024; // more than any backlog: new ones must not keep us here
    for (int turn = 0; turn < kMostTurns && accept_on(slot); ++turn) {
    }
}

/// True when others have their turn first although more may wait.
bool Worker::accept_on(std::uint32_t slot) {
    const bool known = slot < listeners_.size() && listeners_[slot].is_open();
    const ListenerRoute* route =
        known && slot < table_->by_slot.size() ? table_->by_slot[slot].get() : nullptr;
    if (route == nullptr) return false;
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
        if (!has_spare(*route)) {
            pause_accepting();
            return false;
        }
        if (!accept_one(slot, *route)) return false;
    }
    return true;
}

/// False when nothing more is to be had now.
bool Worker::accept_one(std::uint32_t slot, const ListenerRoute& route) {
    io::SocketAddress peer;
    io::Fd client(
        ::accept4(listeners_[slot].get(), peer.get(), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client.is_open()) {
        open(std::move(client), peer.endpoint(), route);
        return true;
    }
    if (is_exhaustion(errno)) pause_accepting();
    // Anything else is the end of one connection that was waiting [accept(2)], or there is none.
    return !is_exhaustion(errno) && errno != EAGAIN && errno != EBADF && errno != EINVAL;
}

/// A target's socket is made before a client is accepted, so that a connection that cannot be
/// served for want of descriptors waits in the kernel instead of being refused.
bool Worker::has_spare(const ListenerRoute& route) {
    if (route.group->targets.empty()) return true;
    const bool v4 = route.group->targets.front().endpoint.address.is_v4();
    io::Fd& spare = spare_[v4 ? 0 : 1];
    if (!spare.is_open()) spare = take_socket(v4);
    return spare.is_open();
}

io::Fd Worker::take_socket(bool v4) {
    io::Fd& spare = spare_[v4 ? 0 : 1];
    if (spare.is_open()) return std::move(spare);
    return io::Fd(::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

std::uint32_t Worker::sequence_of(const io::Fd& client) {
    std::array<std::uint8_t, 256> headers{}; // IPv6 header and TCP header with room for options
    socklen_t length = headers.size();
    if (::getsockopt(client.get(), IPPROTO_TCP, TCP_SAVED_SYN, headers.data(), &length) == 0) {
        const auto sequence = syn_sequence({headers.data(), length});
        if (sequence) return *sequence;
    }
    counters_.add(static_cast<std::size_t>(ProcessCount::SynSequenceMissing));
    return 0;
}

void Worker::open(io::Fd client, const Endpoint& peer, const ListenerRoute& route) {
    const std::uint32_t hash = route.hash(peer, sequence_of(client));
    const auto target = route.choose(hash);
    Connection& connection = connections_.take();
    connection.hash = hash;
    connection.sockets[0] = std::move(client);
    connection.client = peer;
    connection.label = target ? route.labels[*target] : route.no_target;
    connection.start_ms = now_ms_;
    connection.last_ms = now_ms_;
    count(connection, Count::NewFlow);
    count(connection, Count::ActiveFlow);
    if (!target) return end(connection, End::NoTarget);
    const End why = connect_to(connection, route, *target);
    if (why != End::None) return connect_failed(connection, why);
    wheel_.add(connection.index, connect_check_ms(route));
}

void Worker::listen_events(std::uint32_t events) {
    for (std::uint32_t slot = 0; slot < listeners_.size(); ++slot) {
        if (!listeners_[slot].is_open()) continue;
        epoll_event event{};
        event.events = events;
        event.data.u64 = kListenerBit | slot;
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listeners_[slot].get(), &event);
    }
}

void Worker::pause_accepting() {
    if (resume_at_ms_ == 0) {
        listen_events(0);
        outbox_.paused();
        counters_.add(static_cast<std::size_t>(ProcessCount::AcceptPaused));
    }
    resume_at_ms_ = now_ms_ + kPauseMs;
}

void Worker::resume_accepting() {
    resume_at_ms_ = 0;
    listen_events(EPOLLIN);
}

} // namespace nlb::proxy
