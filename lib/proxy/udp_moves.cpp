// SPDX-License-Identifier: Apache-2.0
#include "proxy/udp_forwarder.hpp"
#include "proxy/udp_socket.hpp"

#include <sys/epoll.h>

#include <cerrno>

namespace nlb::proxy {

namespace {

constexpr std::size_t kLeastRoom = 16; // below it what was read is sent before more is read
constexpr int kErrorsPerTurn = 64;

constexpr UdpLane lane_to_clients(std::uint32_t slot) {
    return slot * 2;
}

constexpr UdpLane lane_to_targets(std::uint32_t socket) {
    return socket * 2 + 1;
}

constexpr bool leads_to_targets(UdpLane lane) {
    return (lane & 1U) != 0;
}

/// What the kernel says of several datagrams at once and would not of each: the way or the network
/// card takes none that are joined, or the way became too narrow for their length [udp(7)].
bool is_about_joining(int error) {
    return error == EINVAL || error == EMSGSIZE || error == EIO || error == EOPNOTSUPP;
}

End refusal(int error) {
    switch (error) {
    case ECONNREFUSED: return End::TargetRefused;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENONET:
    case ENOPROTOOPT:
    case EACCES: return End::TargetUnreachable;
    default: return End::None;
    }
}

} // namespace

void UdpForwarder::make_room() {
    if (inbound_.room() < kLeastRoom) flush();
}

void UdpForwarder::from_clients(std::uint32_t slot) {
    const ListenerRoute* route =
        slot < table_->by_slot.size() ? table_->by_slot[slot].get() : nullptr;
    if (route == nullptr) return;
    make_room();
    int error = 0;
    for (const UdpRead& read : inbound_.receive(listeners_[slot].socket.get(), error))
        from_client(slot, *route, read);
}

void UdpForwarder::from_client(std::uint32_t slot, const ListenerRoute& route,
                               const UdpRead& read) {
    note_loss(*route.info, listeners_[slot].lost, read);
    UdpFlow* flow = flows_.of_client(slot, read.from);
    if (flow != nullptr && flow->refused != End::None && moves_on(*flow, route)) {
        end(*flow, flow->refused);
        flow = nullptr;
    }
    if (flow == nullptr) flow = open(slot, route, read);
    if (flow == nullptr) return;
    flow->last_ms = now_ms_;
    flow->client_bytes += read.bytes;
    flow->client_datagrams += datagrams_in(read);
    count(*flow->label->listener, Count::ProcessedBytes, read.bytes);
    outbound_.add(lane_to_targets(flow->socket), *flow, Side::Client, read);
}

void UdpForwarder::from_targets(std::uint32_t socket, std::uint32_t events) {
    if ((events & EPOLLERR) != 0) take_errors(socket);
    make_room();
    int error = 0;
    for (const UdpRead& read : inbound_.receive(sockets_.fd(socket), error))
        from_target(socket, read);
    if (error != 0) take_errors(socket);
}

/// Only the target of a flow is heard: the socket is open to everybody.
void UdpForwarder::from_target(std::uint32_t socket, const UdpRead& read) {
    UdpFlow* flow = flows_.of_target(socket, read.from);
    if (flow == nullptr) {
        counters_.add(static_cast<std::size_t>(ProcessCount::StrayDatagram), datagrams_in(read));
        return;
    }
    const ListenerInfo& listener = *flow->label->listener;
    note_loss(listener, sockets_.lost(socket), read);
    flow->refused = End::None;
    flow->last_ms = now_ms_;
    flow->target_bytes += read.bytes;
    flow->target_datagrams += datagrams_in(read);
    count(listener, Count::ProcessedBytes, read.bytes);
    outbound_.add(lane_to_clients(flow->listener), *flow, Side::Target, read);
}

void UdpForwarder::take_errors(std::uint32_t socket) {
    for (int i = 0; i < kErrorsPerTurn; ++i) {
        const auto told = next_error(sockets_.fd(socket));
        if (!told) return;
        UdpFlow* flow = flows_.of_target(socket, told->to);
        const End why = refusal(told->number);
        if (flow == nullptr || why == End::None) continue;
        flow->refused = why;
        drop(*flow->label->listener, DatagramDrop::TargetRefused, 1);
    }
}

/// The socket's total comes with each datagram once anything was lost; it wraps around.
void UdpForwarder::note_loss(const ListenerInfo& listener, std::uint32_t& known,
                             const UdpRead& read) const {
    if (read.lost == known || read.lost == 0) return;
    drop(listener, DatagramDrop::QueueFull, std::uint32_t{read.lost - known});
    known = read.lost;
}

void UdpForwarder::send_all() {
    for (const UdpLane lane : outbound_.lanes())
        send(lane);
    outbound_.clear(flows_);
    inbound_.clear();
}

void UdpForwarder::send(UdpLane lane) {
    const int fd =
        leads_to_targets(lane) ? sockets_.fd(lane / 2) : listeners_[lane / 2].socket.get();
    constexpr std::size_t kNotYet = ~std::size_t{0};
    std::size_t tried_again = kNotYet;
    sender_.load(outbound_, lane);
    while (const int error = sender_.send(fd)) {
        const UdpMessage& message = sender_.current();
        if (message.datagrams > 1 && is_about_joining(error)) {
            flows_.at(message.flow).sends_singly[static_cast<std::size_t>(message.from)] = true;
            int last = 0;
            const std::uint32_t failed = sender_.send_singly(outbound_, fd, last);
            if (failed != 0) not_sent(message, last, failed);
        } else if (leads_to_targets(lane) && tried_again != sender_.position()) {
            tried_again = sender_.position();
            take_errors(lane / 2); // what failed may have been an earlier datagram
        } else {
            not_sent(message, error, message.datagrams);
            sender_.skip();
        }
    }
}

void UdpForwarder::not_sent(const UdpMessage& message, int error, std::uint64_t datagrams) {
    UdpFlow& flow = flows_.at(message.flow);
    if (!flow.in_use) return;
    drop(*flow.label->listener, DatagramDrop::NotSent, datagrams);
    if (message.from == Side::Client && refusal(error) != End::None) flow.refused = refusal(error);
}

} // namespace nlb::proxy
