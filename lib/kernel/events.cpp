// SPDX-License-Identifier: Apache-2.0
#include "kernel/events.hpp"

#include "kernel/neighbors.hpp"

#include "io/clock.hpp"

#include "flow/tables.hpp"

#include <bpf/libbpf.h>

#include <linux/if_packet.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace nlb::kernel {

namespace {

/// Most events wake nobody.
constexpr Nanos kLookEvery = Nanos::milliseconds(100);
/// Of one turn of the loop, which has others to serve.
constexpr std::size_t kMostAtOnce = 256;

template <class Event>
const Event* as(const void* data, std::size_t size) {
    return size >= sizeof(Event) ? static_cast<const Event*>(data) : nullptr;
}

} // namespace

void Events::Close::operator()(ring_buffer* ring) const {
    ring_buffer__free(ring);
}

Result<std::unique_ptr<Events>> Events::open(io::EventLoop& loop, int map, OnFlow on_flow) {
    std::unique_ptr<Events> events(new Events(loop, std::move(on_flow)));
    events->packets_.reset(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!events->packets_.is_open()) return io::sys_error("open a packet socket");
    const auto take = [](void* self, void* data, std::size_t size) {
        auto* taker = static_cast<Events*>(self);
        taker->take(data, size);
        return ++taker->taken_ < kMostAtOnce ? 0 : -ECANCELED; // ends the turn after this one
    };
    events->ring_.reset(ring_buffer__new(map, take, events.get(), nullptr));
    if (!events->ring_) return io::sys_error("read BPF map nlb_events");
    Events* self = events.get();
    auto added = loop.add(ring_buffer__epoll_fd(events->ring_.get()), EPOLLIN,
                          [self](std::uint32_t) { (void)self->consume(); });
    if (!added) return tl::unexpected<Error>(added.error());
    events->consume_at(io::now() + kLookEvery);
    return events;
}

Events::~Events() {
    loop_.cancel(timer_);
    if (ring_) loop_.remove(ring_buffer__epoll_fd(ring_.get()));
}

bool Events::consume() {
    taken_ = 0;
    return ring_buffer__consume(ring_.get()) != -ECANCELED;
}

void Events::consume_at(Nanos when) {
    timer_ = loop_.at(when, [this](Nanos now) {
        const bool is_empty = consume();
        consume_at(is_empty ? io::now() + kLookEvery : now);
    });
}

void Events::take(const void* data, std::size_t size) {
    std::uint32_t kind = 0;
    if (size < sizeof kind) return;
    std::memcpy(&kind, data, sizeof kind);
    if (kind == NLB_EVENT_ANSWER) {
        if (const auto* answer = as<nlb_answer_event>(data, size)) send(*answer);
    } else if (kind == NLB_EVENT_NO_NEIGHBOR) {
        if (const auto* neighbor = as<nlb_neighbor_event>(data, size)) resolve(*neighbor);
    } else if (const auto* event = as<nlb_flow_event>(data, size)) {
        on_flow_(*event);
    }
}

/// One that cannot be sent is lost, as any packet may be: its cause will come again.
void Events::send(const nlb_answer_event& answer) {
    sockaddr_ll to{};
    to.sll_family = AF_PACKET;
    to.sll_ifindex = static_cast<int>(answer.ifindex);
    const std::size_t length = std::min<std::size_t>(answer.length, sizeof answer.frame);
    ::sendto(packets_.get(), answer.frame, length, 0, reinterpret_cast<const sockaddr*>(&to),
             sizeof to);
}

/// One that cannot be asked for now will be wanted again.
void Events::resolve(const nlb_neighbor_event& neighbor) {
    (void)use(
        Neighbor{neighbor.ifindex, flow::address_of(neighbor.address_be,
                                                    static_cast<std::uint8_t>(neighbor.family))});
}

} // namespace nlb::kernel
