// SPDX-License-Identifier: Apache-2.0
#include "proxy/udp_forwarder.hpp"

#include <cerrno>

namespace nlb::proxy {

/// The same for every datagram of a flow: its checksum is of the header alone. [PROXY v2 §2.2.3]
std::shared_ptr<const std::string> UdpForwarder::header_of(const ListenerInfo& listener,
                                                           const UdpAddress& client) {
    auto header = std::make_shared<std::string>();
    listener.header->append(wire::ProxyTransport::Datagram, client.endpoint(), listener.address,
                            *header);
    return header;
}

UdpFlow* UdpForwarder::open(std::uint32_t slot, const ListenerRoute& route, const UdpRead& read) {
    const auto refuse = [&](DatagramDrop why) {
        drop(*route.info, why, datagrams_in(read));
        return nullptr;
    };
    if (draining_) return refuse(DatagramDrop::Draining);
    const auto reject = [&](DatagramDrop why) {
        count(*route.info, Count::RejectedFlow);
        return refuse(why);
    };
    const auto target = route.choose(read.from.endpoint(), 0);
    if (!target) return reject(DatagramDrop::NoTarget);
    if (flows_.is_full()) return reject(DatagramDrop::TableFull);
    const Way way = way_to(route, *target, read.from);
    if (!way.socket) return reject(way.why);
    UdpFlow& flow = flows_.open(slot, read.from, *way.socket,
                                UdpAddress(route.group->targets[*target].address));
    flow.label = route.labels[*target];
    flow.start_ms = now_ms_;
    flow.holds_port = way.holds_port;
    if (route.info->header) flow.header = header_of(*route.info, read.from);
    wheel_.add(flow.index, now_ms_ + flow.label->listener->idle_timeout_ms);
    count(*route.info, Count::NewFlow);
    count(*route.info, Count::ActiveFlow);
    if (route.group->is_failing_over) count(*route.info, Count::UnhealthyRoutingFlow);
    ++listeners_[slot].flows;
    return &flow;
}

/// From the client's address and port, where the target is to see them, else from the node's.
UdpForwarder::Way UdpForwarder::way_to(const ListenerRoute& route, std::uint32_t target,
                                       const UdpAddress& client) {
    if (const auto way = way_as_client(route, target, client)) return *way;
    const auto& label = route.labels[target];
    Way way;
    int error = EADDRINUSE;
    way.holds_port = label->ports->take();
    if (way.holds_port) {
        const UdpAddress to(route.group->targets[target].address);
        way.socket = sockets_.take(flows_, route.group->source, to, now_ms_, error);
        if (way.socket) return way;
        label->ports->give_back();
    }
    if (error == EADDRINUSE || error == EADDRNOTAVAIL) {
        way.why = DatagramDrop::PortAllocation;
        count(*route.info, Count::PortAllocationError);
        note_trouble(label, End::PortAllocation);
    }
    return way;
}

/// Nothing: the target is to see the node's address. So it is when a socket of this host has the
/// client's: that of a client on it, or of another flow of this client.
std::optional<UdpForwarder::Way> UdpForwarder::way_as_client(const ListenerRoute& route,
                                                             std::uint32_t target,
                                                             const UdpAddress& client) {
    const TargetRoute& to = route.group->targets[target];
    if (!route.group->preserves_client_ip || to.is_here ||
        to.endpoint.address.is_v4() != client.is_v4())
        return std::nullopt;
    Way way;
    if (client.has_same_address(UdpAddress(to.address))) {
        way.why = DatagramDrop::Hairpin;
        note_trouble(route.labels[target], End::Hairpin);
        return way;
    }
    int error = 0;
    way.socket = sockets_.take_as(client, error);
    if (way.socket || error != EADDRINUSE) return way;
    counters_.add(static_cast<std::size_t>(ProcessCount::ClientAddressInUse));
    return std::nullopt;
}

/// One a round is enough, however many datagrams meet it.
void UdpForwarder::note_trouble(const std::shared_ptr<const FlowLabel>& label, End why) {
    if (troubles_.empty()) troubles_.push_back({label, why});
}

} // namespace nlb::proxy
