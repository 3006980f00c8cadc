// SPDX-License-Identifier: Apache-2.0
#include "proxy/worker.hpp"
#include "proxy/worker_detail.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>

namespace nlb::proxy {

namespace {

void set(int fd, int level, int option, int value) {
    // Each of these is an improvement that the connection can do without.
    [[maybe_unused]] const int rc = ::setsockopt(fd, level, option, &value, sizeof value);
}

/// False when a socket of this host has the address and port, such as that of a client on it.
bool bind_as(int fd, const Endpoint& client) {
    const bool v4 = client.address.is_v4();
    set(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TRANSPARENT : IPV6_TRANSPARENT, 1);
    // The client may have connections to other targets.
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    const auto address = io::SocketAddress::from(client);
    return ::bind(fd, address.get(), address.length) == 0;
}

/// Another target may have what this one lacked.
bool is_worth_another_target(End why) {
    return why == End::TargetRefused || why == End::TargetUnreachable ||
           why == End::TargetTimeout || why == End::PortAllocation || why == End::Hairpin ||
           why == End::FlowCollision;
}

} // namespace

/// When to look at a connection that is being made.
std::int64_t Worker::connect_check_ms(const ListenerRoute& route) const {
    return now_ms_ + std::min(options_.connect_timeout_ms, settle_ms(route.info->idle_timeout_ms));
}

/// To the target of the connection's label. End::None when the connect is under way.
End Worker::connect_to(Connection& connection, const ListenerRoute& route, std::uint32_t number) {
    const TargetRoute& target = route.group->targets[number];
    io::Fd& socket = connection.sockets[1];
    socket = take_socket(target.endpoint.address.is_v4());
    if (!socket.is_open()) return end_of_call(errno);
    const int fd = socket.get();
    const End why = bind_socket(connection, route, target);
    if (why != End::None) return why;
    if (::connect(fd, target.address.get(), target.address.length) != 0 && errno != EINPROGRESS) {
        const bool is_taken = errno == EADDRNOTAVAIL && connection.is_preserved;
        return is_taken ? End::FlowCollision : end_of_call(errno);
    }
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;
    event.data.u64 = event_token(connection, Side::Target);
    return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0 ? End::None
                                                                     : end_of_call(errno);
}

/// To the client's address and port, where the target is to see them, else to the node's address.
End Worker::bind_socket(Connection& connection, const ListenerRoute& route,
                        const TargetRoute& target) {
    const int fd = connection.fd(Side::Target);
    const bool wants_client =
        route.group->preserves_client_ip && !target.is_here &&
        target.endpoint.address.family() == connection.client.address.family();
    if (wants_client) {
        if (connection.client.address == target.endpoint.address) return End::Hairpin;
        connection.is_preserved = bind_as(fd, connection.client);
        if (connection.is_preserved) return End::None;
        counters_.add(static_cast<std::size_t>(ProcessCount::ClientAddressInUse));
    }
    if (!connection.label->ports->take()) return End::PortAllocation;
    connection.holds_port = true;
    const auto& source = route.group->source;
    if (!source) return End::None;
    // The port is chosen at connect(), when the whole 4-tuple is known: so many connections to
    // each target, not to all of them together [guide, p.43].
    set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    return ::bind(fd, source->get(), source->length) == 0 ? End::None : end_of_call(errno);
}

End Worker::end_of_call(int error) {
    return is_exhaustion(error) ? End::NoResources : Session::end_of_connect(error);
}

void Worker::give_back_port(Connection& connection) {
    if (connection.holds_port) connection.label->ports->give_back();
    connection.holds_port = false;
}

/// The target did not take the connection: another one gets it if that is wanted and there is one,
/// else it ends. Nothing of the client has been read by now.
void Worker::connect_failed(Connection& connection, End why) {
    while (connection.retries < options_.connect_retries && is_worth_another_target(why)) {
        const ListenerRoute* route = route_of(*connection.label->listener);
        if (route == nullptr) break;
        ++connection.retries;
        const auto target = route->choose_again(connection.hash, connection.retries);
        if (!target) break;
        if (const auto sign = sign_of(why, 0)) signs_.push_back({connection.label, *sign});
        give_back_port(connection);
        connection.sockets[1].reset();
        connection.is_preserved = false;
        connection.label = route->labels[*target];
        connection.last_ms = now_ms_;
        why = connect_to(connection, *route, *target);
        if (why != End::None) continue;
        wheel_.remove(connection.index);
        return wheel_.add(connection.index, connect_check_ms(*route));
    }
    end(connection, why);
}

/// The listener's present targets; null when it is gone.
const ListenerRoute* Worker::route_of(const ListenerInfo& listener) const {
    for (const auto& route : table_->by_slot) {
        if (route && route->info.get() == &listener) return route.get();
    }
    return nullptr;
}

} // namespace nlb::proxy
