// SPDX-License-Identifier: Apache-2.0
#include "proxy/saved_syn.hpp"
#include "proxy/worker.hpp"
#include "proxy/worker_detail.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <utility>

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
    const ListenerRoute* route = route_at(slot);
    if (route == nullptr || listeners_[slot].waits_for) return false;
    const Accepted accepted = accept_some(slot, *route, false);
    if (accepted == Accepted::NoPlace) wait_for_place(slot, *route);
    return accepted == Accepted::MaybeNotAll;
}

Worker::Accepted Worker::accept_some(std::uint32_t slot, const ListenerRoute& route,
                                     bool has_place) {
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
        if (!has_place && !route.info->limit->take(on_place_, slot)) return Accepted::NoPlace;
        has_place = false;
        if (!accept_one(slot, route)) return Accepted::All;
    }
    return Accepted::MaybeNotAll;
}

/// Null when nothing is accepted there.
const ListenerRoute* Worker::route_at(std::uint32_t slot) const {
    const bool known = slot < listeners_.size() && listeners_[slot].socket.is_open();
    return known && slot < table_->by_slot.size() ? table_->by_slot[slot].get() : nullptr;
}

/// Takes the place that was taken for it. False when nothing more is to be had now.
bool Worker::accept_one(std::uint32_t slot, const ListenerRoute& route) {
    if (!has_spare(route)) {
        pause_accepting();
        route.info->limit->give_back();
        return false;
    }
    io::SocketAddress peer;
    io::Fd client(::accept4(listeners_[slot].socket.get(), peer.get(), &peer.length,
                            SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client.is_open()) {
        open(std::move(client), peer.endpoint(), route);
        return true;
    }
    const int error = errno;
    route.info->limit->give_back();
    if (is_exhaustion(error)) pause_accepting();
    // Anything else is the end of one connection that was waiting [accept(2)], or there is none.
    return !is_exhaustion(error) && error != EAGAIN && error != EBADF && error != EINVAL;
}

/// The listener has as many connections as it may.
void Worker::wait_for_place(std::uint32_t slot, const ListenerRoute& route) {
    listeners_[slot].waits_for = route.info->limit;
    watch_listener(slot, EPOLL_CTL_MOD);
    count(*route.info, Count::ConnectionLimitReached);
    full_.push_back(route.info);
}

/// One connection for the place, and more if there are more places. The socket may be closed by
/// now, or serve another listener.
void Worker::on_place(const HeldPlace& place) {
    const ListenerRoute* route = route_at(place.slot);
    if (route == nullptr || listeners_[place.slot].waits_for != place.limit)
        return place.limit->give_back();
    if (accept_some(place.slot, *route, true) != Accepted::NoPlace) stop_waiting(place.slot);
}

void Worker::stop_waiting(std::uint32_t slot) {
    const auto limit = std::move(listeners_[slot].waits_for);
    limit->leave(on_place_, slot);
    watch_listener(slot, EPOLL_CTL_MOD);
}

/// A listener at the same address may have come in place of the one whose places are waited for.
void Worker::stop_waiting_where_limits_changed() {
    for (std::uint32_t slot = 0; slot < listeners_.size(); ++slot) {
        if (!listeners_[slot].waits_for) continue;
        const ListenerRoute* route = route_at(slot);
        if (route == nullptr || route->info->limit != listeners_[slot].waits_for)
            stop_waiting(slot);
    }
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
    count(*route.info, Count::NewFlow);
    count(*route.info, Count::ActiveFlow);
    if (!target) return end(connection, End::NoTarget);
    if (route.group->is_failing_over) count(*route.info, Count::UnhealthyRoutingFlow);
    const End why = connect_to(connection, route, *target);
    if (why != End::None) return connect_failed(connection, why);
    wheel_.add(connection.index, connect_check_ms(route));
}

void Worker::watch_listener(std::uint32_t slot, int operation) {
    const Listener& listener = listeners_[slot];
    epoll_event event{};
    event.events = resume_at_ms_ == 0 && !listener.waits_for ? std::uint32_t{EPOLLIN} : 0U;
    event.data.u64 = kListenerBit | slot;
    ::epoll_ctl(epoll_.get(), operation, listener.socket.get(), &event);
}

void Worker::watch_listeners() {
    for (std::uint32_t slot = 0; slot < listeners_.size(); ++slot) {
        if (listeners_[slot].socket.is_open()) watch_listener(slot, EPOLL_CTL_MOD);
    }
}

void Worker::pause_accepting() {
    if (std::exchange(resume_at_ms_, now_ms_ + kPauseMs) != 0) return;
    watch_listeners();
    outbox_.paused();
    counters_.add(static_cast<std::size_t>(ProcessCount::AcceptPaused));
}

void Worker::resume_accepting() {
    resume_at_ms_ = 0;
    watch_listeners();
}

} // namespace nlb::proxy
