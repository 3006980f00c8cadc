// SPDX-License-Identifier: Apache-2.0
// How UDP flows leave for another process, and how they arrive from one.
#include "proxy/udp_handover.hpp"

#include "proxy/udp_forwarder.hpp"

#include <sys/epoll.h>

#include <map>

namespace nlb::proxy {

UdpHandover UdpForwarder::give_up(std::int64_t now_ms) {
    now_ms_ = now_ms;
    flush();
    draining_ = true;
    for (const Listener& listener : listeners_) {
        if (listener.socket.is_open())
            ::epoll_ctl(epoll_, EPOLL_CTL_DEL, listener.socket.get(), nullptr);
    }
    UdpHandover handover;
    handover.worker = options_.worker;
    flows_.for_each([&](UdpFlow& flow) {
        handover.flows.push_back({flow.listener, 0, flow.client.endpoint(), flow.label, flow.socket,
                                  now_ms - flow.start_ms, now_ms - flow.last_ms, flow.client_bytes,
                                  flow.target_bytes, flow.client_datagrams, flow.target_datagrams});
        count(*flow.label->listener, Count::ActiveFlow, ~std::uint64_t{0}); // minus one
        wheel_.remove(flow.index);
        if (flow.holds_port) flow.label->ports->give_back();
        flows_.close(flow);
    });
    handover.sockets = sockets_.give_up();
    listeners_.clear();
    return handover;
}

void UdpForwarder::adopt(UdpHandover&& handover, std::int64_t now_ms) {
    now_ms_ = now_ms;
    std::map<std::size_t, std::uint32_t> numbers;
    for (auto& [number, fd] : handover.sockets) {
        if (const auto socket = sockets_.adopt(std::move(fd))) numbers.emplace(number, *socket);
    }
    for (const HandedFlow& handed : handover.flows) {
        const auto socket = numbers.find(handed.leads_by);
        if (socket != numbers.end()) adopt(handed, socket->second);
    }
    for (const auto& [number, socket] : numbers)
        sockets_.close_unless_used(socket);
}

/// Not when one of its ends has a flow already: of the same process all are different.
void UdpForwarder::adopt(const HandedFlow& handed, std::uint32_t socket) {
    const UdpAddress client(io::SocketAddress::from(handed.client));
    const UdpAddress target(io::SocketAddress::from(handed.label->endpoint));
    if (!listens(handed.slot) || flows_.is_full() ||
        flows_.of_client(handed.slot, client) != nullptr ||
        flows_.of_target(socket, target) != nullptr)
        return;
    const bool is_as_client = io::local_endpoint(sockets_.fd(socket)) == handed.client;
    if (!is_as_client && !handed.label->ports->take()) return;
    UdpFlow& flow = flows_.open(handed.slot, client, sockets_.use(socket), target);
    flow.label = handed.label;
    flow.holds_port = !is_as_client;
    flow.start_ms = now_ms_ - handed.age_ms;
    flow.last_ms = now_ms_ - handed.idle_ms;
    flow.client_bytes = handed.client_bytes;
    flow.target_bytes = handed.target_bytes;
    flow.client_datagrams = handed.client_datagrams;
    flow.target_datagrams = handed.target_datagrams;
    const ListenerInfo& listener = *flow.label->listener;
    if (listener.header) flow.header = header_of(listener, client);
    wheel_.add(flow.index, flow.last_ms + listener.idle_timeout_ms);
    count(listener, Count::ActiveFlow);
    ++listeners_[handed.slot].flows;
}

} // namespace nlb::proxy
