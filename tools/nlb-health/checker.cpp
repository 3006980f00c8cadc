// SPDX-License-Identifier: Apache-2.0
#include "checker.hpp"

#include "io/clock.hpp"
#include "io/socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

using nlb::Nanos;
using nlb::health::Slot;

std::size_t descriptors_for_checks() {
    constexpr rlim_t kReserve = 32;
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur > 2 * kReserve ? limit.rlim_cur - kReserve : limit.rlim_cur / 2;
}

Checker::Checker(nlb::io::EventLoop& loop, nlb::health::Plan& plan, Limits limits,
                 OnResult on_result)
    : loop_(loop), plan_(plan), limits_(limits), on_result_(std::move(on_result)) {
}

Checker::~Checker() {
    stop();
}

void Checker::plan_changed(std::span<const Slot> stopped) {
    for (const Slot slot : stopped) {
        if (slot.index < flights_.size() && flights_[slot.index]) close(*flights_[slot.index]);
    }
    arm();
}

void Checker::stop() {
    stopped_ = true;
    loop_.cancel(timer_);
    for (const auto& flight : flights_) {
        if (flight) close(*flight);
    }
}

void Checker::work(Nanos now) {
    armed_ = Nanos::never();
    working_ = true;
    expire(now);
    start_due(now);
    working_ = false;
    arm();
}

void Checker::start_due(Nanos now) {
    while (!stopped_) {
        if (limits_.waits_when_full && in_flight_ >= limits_.most_in_flight) return;
        const auto slot = plan_.start_due(now);
        if (!slot) return;
        open(*slot, now);
    }
}

void Checker::expire(Nanos now) {
    while (!deadlines_.empty() && deadlines_.top().when <= now) {
        const Deadline due = deadlines_.top();
        deadlines_.pop();
        Flight& flight = *flights_[due.index];
        if (!flight.run || flight.number != due.number) continue;
        flight.run->tick(now);
        settle(flight);
    }
}

/// One timer at the earliest of what is due; it only ever moves forward when it fires.
void Checker::arm() {
    if (stopped_ || working_) return;
    const bool full = limits_.waits_when_full && in_flight_ >= limits_.most_in_flight;
    Nanos next = full ? Nanos::never() : plan_.deadline();
    if (!deadlines_.empty()) next = std::min(next, deadlines_.top().when);
    if (next >= armed_) return;
    loop_.cancel(timer_);
    armed_ = next;
    timer_ = loop_.at(next, [this](Nanos now) { work(now); });
}

void Checker::open(Slot slot, Nanos now) {
    if (slot.index >= flights_.size()) flights_.resize(slot.index + 1);
    auto& place = flights_[slot.index];
    if (!place) place = std::make_unique<Flight>();
    Flight& flight = *place;
    flight.slot = slot;
    flight.number = ++statistics_.started;
    const nlb::Endpoint target = plan_.endpoint(slot);
    flight.run.emplace(plan_.settings(slot), target, now);
    ++in_flight_;
    if (in_flight_ > limits_.most_in_flight) {
        flight.run->on_error(EMFILE);
    } else {
        begin_connect(flight, target);
    }
    if (!flight.run->result()) deadlines_.push({flight.run->deadline(), slot.index, flight.number});
    settle(flight);
}

void Checker::begin_connect(Flight& flight, const nlb::Endpoint& target) {
    const int family = target.address.is_v4() ? AF_INET : AF_INET6;
    flight.fd.reset(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!flight.fd.is_open()) return flight.run->on_error(errno);
    const int on = 1;
    ::setsockopt(flight.fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto address = nlb::io::SocketAddress::from(target);
    if (::connect(flight.fd.get(), address.get(), address.length) != 0 && errno != EINPROGRESS) {
        return flight.run->on_error(errno);
    }
    const std::uint32_t index = flight.slot.index;
    const auto added = loop_.add(flight.fd.get(), EPOLLOUT,
                                 [this, index](std::uint32_t events) { on_event(index, events); });
    if (!added) flight.run->on_error(added.error().sys);
}

void Checker::on_event(std::uint32_t index, std::uint32_t events) {
    Flight& flight = *flights_[index];
    if (!flight.run->is_connected()) {
        on_connect_done(flight);
    } else if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        receive(flight);
    } else {
        send(flight);
    }
    settle(flight);
}

void Checker::on_connect_done(Flight& flight) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(flight.fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return flight.run->on_error(error);
    flight.run->on_connected();
    send(flight);
}

void Checker::send(Flight& flight) {
    while (!flight.run->pending().empty()) {
        const std::string_view bytes = flight.run->pending();
        const ssize_t n = nlb::io::retry(
            [&] { return ::send(flight.fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); });
        if (n < 0 && errno == EAGAIN) break;
        if (n < 0) return flight.run->on_error(errno);
        flight.run->sent(static_cast<std::size_t>(n));
    }
    const bool more = !flight.run->pending().empty();
    if (!flight.run->result()) {
        loop_.modify(flight.fd.get(), more ? EPOLLIN | EPOLLOUT : std::uint32_t{EPOLLIN});
    }
}

void Checker::receive(Flight& flight) {
    std::array<char, 16384> buffer; // NOLINT: filled by the kernel
    const ssize_t n =
        nlb::io::retry([&] { return ::recv(flight.fd.get(), buffer.data(), buffer.size(), 0); });
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) return flight.run->on_error(errno);
    if (n == 0) return flight.run->on_end();
    flight.run->feed({buffer.data(), static_cast<std::size_t>(n)});
}

/// When the check has ended: closes its connection, hands the result over, lets others start.
void Checker::settle(Flight& flight) {
    if (!flight.run || !flight.run->result()) return;
    const nlb::health::ProbeResult result = *flight.run->result();
    const Slot slot = flight.slot;
    close(flight);
    ++statistics_.ended[static_cast<std::size_t>(result.outcome)];
    const auto change = plan_.finish(slot, result, nlb::io::now());
    on_result_(slot, result, change);
    arm();
}

void Checker::close(Flight& flight) {
    if (!flight.run) return;
    if (flight.fd.is_open()) loop_.remove(flight.fd.get());
    flight.fd.reset();
    flight.run.reset();
    --in_flight_;
}
