// SPDX-License-Identifier: Apache-2.0
#include "io/clock.hpp"
#include "proxy/segments.hpp"
#include "proxy/worker.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <unordered_map>

namespace nlb::proxy {

namespace {

/// How a connection ends: who gets a RST, and who is counted as its sender.
struct Ending {
    bool resets_client = false;
    bool resets_target = false;
    Count counted = Count::ElbReset;
};

Ending ending(End why) {
    switch (why) {
    case End::None:
    case End::Closed: return {};
    case End::ClientReset: return {false, true, Count::ClientReset};
    case End::TargetReset:
    case End::TargetRefused: return {true, false, Count::TargetReset};
    case End::ClientLost: return {false, true, Count::ElbReset};
    case End::TargetLost:
    case End::TargetUnreachable:
    case End::TargetTimeout:
    case End::NoTarget:
    case End::PortAllocation:
    case End::NoResources:
    case End::Hairpin:
    case End::FlowCollision: return {true, false, Count::ElbReset};
    case End::IdleTimeout:
    case End::TargetUnhealthy:
    case End::TargetDeregistered:
    case End::ListenerRemoved:
    case End::Stopped: return {true, true, Count::ElbReset};
    }
    return {};
}

/// The node took the connection and could not pass it on.
bool is_rejection(End why) {
    return why == End::NoTarget || why == End::PortAllocation || why == End::NoResources ||
           why == End::Hairpin || why == End::FlowCollision;
}

/// Closing with an empty linger time sends a RST and forgets what was not sent [socket(7)].
void close_socket(io::Fd& socket, bool reset) {
    if (!socket.is_open()) return;
    if (reset) {
        const linger none{1, 0};
        [[maybe_unused]] const int rc =
            ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
    }
    socket.reset();
}

Session::Ready ready(std::uint32_t events) {
    return {(events & EPOLLIN) != 0, (events & EPOLLOUT) != 0,
            (events & (EPOLLRDHUP | EPOLLHUP)) != 0, (events & EPOLLERR) != 0,
            (events & EPOLLPRI) != 0};
}

/// An urgent byte is one of the stream, not lost [tcp(7), SO_OOBINLINE]. Clients' sockets have the
/// option from their listener; a target's gets it when it announces one, before that is read.
void take_urgent_byte(int fd) {
    const int one = 1;
    [[maybe_unused]] const int rc = ::setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &one, sizeof one);
}

} // namespace

void Worker::on_event(Connection& connection, Side side, std::uint32_t events) {
    if (connection.session.is_connecting()) return on_target_answer(connection, events);
    if ((events & EPOLLPRI) != 0) take_urgent_byte(connection.fd(side));
    connection.session.note(side, ready(events));
    move(connection);
}

/// The client's socket is not watched before: nothing of it is read until the target answers, so
/// early data waits in the kernel, and a connection costs no event more than it must.
void Worker::on_target_answer(Connection& connection, std::uint32_t events) {
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
        int error = 0;
        socklen_t length = sizeof error;
        ::getsockopt(connection.fd(Side::Target), SOL_SOCKET, SO_ERROR, &error, &length);
        return connect_failed(connection, Session::end_of_connect(error));
    }
    if ((events & EPOLLOUT) == 0) return;
    if ((events & EPOLLPRI) != 0) take_urgent_byte(connection.fd(Side::Target));
    connection.last_ms = now_ms_;
    epoll_event event{};
    event.events = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET;
    event.data.u64 = event_token(connection, Side::Client);
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection.fd(Side::Client), &event) != 0) {
        return end(connection, End::NoResources);
    }
    connection.session.connected(io_.put_header(connection));
    connection.session.note(Side::Target, ready(events));
    move(connection);
}

void Worker::move(Connection& connection) {
    Session& session = connection.session;
    const std::uint64_t before = session.received(Side::Client) + session.received(Side::Target);
    io_.connection = &connection;
    const Session::Progress progress = session.move(io_);
    const std::uint64_t moved =
        session.received(Side::Client) + session.received(Side::Target) - before;
    if (moved != 0) {
        connection.last_ms = now_ms_;
        count(*connection.label->listener, Count::ProcessedBytes, moved);
    }
    if (progress.end != End::None) return end(connection, progress.end);
    if (progress.more && !connection.waits_for_turn) {
        connection.waits_for_turn = true;
        turns_.emplace_back(connection.index, connection.generation);
    }
}

/// Called when the wheel brings the connection up: it is over, or it is put back.
void Worker::check_idle(Connection& connection) {
    if (connection.session.is_connecting()) {
        const std::int64_t due = connection.last_ms + options_.connect_timeout_ms;
        if (due <= now_ms_) return connect_failed(connection, End::TargetTimeout);
        return wheel_.add(connection.index, due);
    }
    const IdleCheck::Verdict verdict = connection.idle.check(
        now_ms_, connection.label->listener->idle_timeout_ms, connection.last_ms, [&] {
            return segments_in(connection.fd(Side::Client)) +
                   segments_in(connection.fd(Side::Target));
        });
    if (verdict.is_over) return end(connection, End::IdleTimeout);
    wheel_.add(connection.index, verdict.again_ms);
}

/// A walk over all connections, because it is rare: nothing is kept per target, so a connection
/// that opens or closes pays nothing for it. Labels are shared, hence looked up once each.
void Worker::end_those_of(const TargetEnds& targets) {
    std::unordered_map<const FlowLabel*, End> known;
    connections_.for_each([&](Connection& connection) {
        const FlowLabel* label = connection.label.get();
        const auto [it, is_new] = known.try_emplace(label, End::None);
        if (is_new) it->second = targets.of(*label);
        if (it->second != End::None) end(connection, it->second);
    });
}

void Worker::count(const ListenerInfo& listener, Count what, std::uint64_t amount) {
    listener.counters->blocks[options_.index].add(static_cast<std::size_t>(what), amount);
}

/// The kernel knows as long as the sockets are open.
PacketsSeen Worker::packets_of(const Connection& connection) const {
    if (!options_.records_flows) return {};
    return {io::local_endpoint(connection.fd(Side::Target)),
            segments_in(connection.fd(Side::Client)), segments_in(connection.fd(Side::Target))};
}

void Worker::end(Connection& connection, End why) {
    const Ending how = ending(why);
    const auto resets = static_cast<std::uint64_t>(how.resets_client) +
                        static_cast<std::uint64_t>(how.resets_target);
    const ListenerInfo& listener = *connection.label->listener;
    if (resets != 0) count(listener, how.counted, resets);
    if (why == End::PortAllocation) count(listener, Count::PortAllocationError);
    if (is_rejection(why)) count(listener, Count::RejectedFlow);
    count_end(listener.counters->blocks[options_.index], why);
    give_back_port(connection);
    listener.limit->give_back();
    PacketsSeen seen = packets_of(connection);
    close_socket(connection.sockets[0], how.resets_client);
    close_socket(connection.sockets[1], how.resets_target);
    if (const auto sign = sign_of(why, connection.session.received(Side::Target)))
        signs_.push_back({connection.label, *sign});
    if (is_trouble(why, connection.is_preserved)) troubles_.push_back({connection.label, why});
    if (options_.records_flows) {
        const std::int64_t duration_ms = now_ms_ - connection.start_ms;
        flows_.push_back({std::move(connection.label), connection.client,
                          io::unix_ms() - duration_ms, duration_ms,
                          connection.session.received(Side::Client),
                          connection.session.received(Side::Target), why, seen});
    }
    wheel_.remove(connection.index);
    connections_.give_back(connection);
    if (resume_at_ms_ != 0) resume_at_ms_ = now_ms_; // two descriptors are free again
}

} // namespace nlb::proxy
