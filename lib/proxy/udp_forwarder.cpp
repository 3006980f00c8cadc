// SPDX-License-Identifier: Apache-2.0
#include "proxy/udp_forwarder.hpp"

#include "io/clock.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <unordered_map>

namespace nlb::proxy {

namespace {

constexpr std::uint64_t kTargetBit = std::uint64_t{1} << 59U; // of a token: with the socket below

} // namespace

UdpForwarder::UdpForwarder(Options options, int epoll, ProcessBlock& counters, std::int64_t now_ms)
    : options_(options), epoll_(epoll), counters_(counters),
      table_(std::make_shared<const RoutingTable>()), flows_(options.most_flows, options.secret),
      sockets_(epoll, kTokenBit | kTargetBit, options.sockets), wheel_(now_ms), now_ms_(now_ms) {
}

void UdpForwarder::listen(std::uint32_t slot, io::Fd socket) {
    if (slot >= listeners_.size()) listeners_.resize(slot + 1);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kTokenBit | slot;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket.get(), &event);
    listeners_[slot] = {std::move(socket), 0, 0};
}

void UdpForwarder::close(std::uint32_t slot, std::int64_t now_ms) {
    now_ms_ = now_ms;
    if (!listens(slot)) return;
    flush();
    flows_.for_each([&](UdpFlow& flow) {
        if (flow.listener == slot) end(flow, End::ListenerRemoved);
    });
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, listeners_[slot].socket.get(), nullptr);
    listeners_[slot] = {};
}

void UdpForwarder::on_event(std::uint64_t token, std::uint32_t events, std::int64_t now_ms) {
    now_ms_ = now_ms;
    const auto number = static_cast<std::uint32_t>(token);
    if ((token & kTargetBit) != 0) return from_targets(number, events);
    if (listens(number)) from_clients(number);
}

ListenerBlock& UdpForwarder::block_of(const ListenerInfo& listener) const {
    return listener.counters->blocks[options_.worker];
}

void UdpForwarder::count(const ListenerInfo& listener, Count what, std::uint64_t amount) const {
    block_of(listener).add(static_cast<std::size_t>(what), amount);
}

void UdpForwarder::drop(const ListenerInfo& listener, DatagramDrop why,
                        std::uint64_t datagrams) const {
    block_of(listener).add(kCounts + kEnds + static_cast<std::size_t>(why), datagrams);
}

/// Would the flow, opened now, have another target?
bool UdpForwarder::moves_on(const UdpFlow& flow, const ListenerRoute& route) const {
    const auto target = route.choose(flow.client.endpoint(), 0);
    if (!target) return false;
    const FlowLabel& label = *route.labels[*target];
    return label.target != flow.label->target || label.endpoint != flow.label->endpoint;
}

void UdpForwarder::end(UdpFlow& flow, End why) {
    count_end(block_of(*flow.label->listener), why);
    if (options_.records_flows) {
        const std::int64_t duration_ms = now_ms_ - flow.start_ms;
        const PacketsSeen seen{io::local_endpoint(sockets_.fd(flow.socket)), flow.client_datagrams,
                               flow.target_datagrams};
        ended_.push_back({flow.label, flow.client.endpoint(), io::unix_ms() - duration_ms,
                          duration_ms, flow.client_bytes, flow.target_bytes, why, seen});
    }
    wheel_.remove(flow.index);
    if (flow.holds_port) flow.label->ports->give_back();
    --listeners_[flow.listener].flows;
    const std::uint32_t socket = flow.socket;
    flows_.close(flow);
    sockets_.give_back(socket);
}

void UdpForwarder::check_idle(UdpFlow& flow) {
    const std::int64_t idle_ms = flow.label->listener->idle_timeout_ms;
    const std::int64_t due = flow.last_ms + (draining_ ? std::min(idle_ms, kDrainIdleMs) : idle_ms);
    if (due > now_ms_) return wheel_.add(flow.index, due);
    const End silent = draining_ ? End::Stopped : End::IdleTimeout;
    end(flow, flow.refused != End::None ? flow.refused : silent);
}

void UdpForwarder::look_at_due(std::int64_t now_ms) {
    now_ms_ = now_ms;
    due_.clear();
    wheel_.advance(now_ms, due_);
    for (const IdleWheel::Id id : due_)
        check_idle(flows_.at(id));
    if (draining_) close_unused();
}

/// A walk over all, because it is rare; labels are shared, hence looked up once each.
void UdpForwarder::end_those_of(const TargetEnds& targets, std::int64_t now_ms) {
    now_ms_ = now_ms;
    std::unordered_map<const FlowLabel*, End> known;
    flows_.for_each([&](UdpFlow& flow) {
        const FlowLabel* label = flow.label.get();
        const auto [it, is_new] = known.try_emplace(label, End::None);
        if (is_new) it->second = targets.of_datagrams(*label);
        if (it->second != End::None) end(flow, it->second);
    });
}

bool UdpForwarder::show(std::uint32_t place, bool with_source, std::int64_t now_ms,
                        std::vector<LiveFlow>& to) {
    return flows_.visit(place, kPlacesShown, [&](const UdpFlow& flow) {
        LiveFlow shown;
        shown.label = flow.label;
        shown.client = flow.client.endpoint();
        if (with_source) shown.source = io::local_endpoint(sockets_.fd(flow.socket));
        shown.state = flow.target_bytes == 0 ? FlowState::Opening : FlowState::Established;
        shown.client_bytes = flow.client_bytes;
        shown.target_bytes = flow.target_bytes;
        shown.age_ms = now_ms - flow.start_ms;
        shown.idle_ms = now_ms - flow.last_ms;
        to.push_back(std::move(shown));
    });
}

void UdpForwarder::drain(std::int64_t now_ms) {
    now_ms_ = now_ms;
    draining_ = true;
    flows_.for_each([&](UdpFlow& flow) {
        wheel_.remove(flow.index);
        check_idle(flow);
    });
    close_unused();
}

void UdpForwarder::close_unused() {
    for (Listener& listener : listeners_) {
        if (!listener.socket.is_open() || listener.flows != 0) continue;
        ::epoll_ctl(epoll_, EPOLL_CTL_DEL, listener.socket.get(), nullptr);
        listener.socket.reset();
    }
}

void UdpForwarder::stop(std::int64_t now_ms) {
    now_ms_ = now_ms;
    flush();
    flows_.for_each([&](UdpFlow& flow) { end(flow, End::Stopped); });
    listeners_.clear();
}

} // namespace nlb::proxy
