// SPDX-License-Identifier: Apache-2.0
#include "checker.hpp"

#include "io/clock.hpp"

#include <sys/resource.h>

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

std::uint64_t Checker::Statistics::late_us(unsigned percent) const {
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < late.size(); ++i) {
        seen += late[i];
        if (seen * 100 >= started * percent) return std::uint64_t{1} << i;
    }
    return 0;
}

Checker::Checker(nlb::io::EventLoop& loop, nlb::health::Plan& plan, Limits limits,
                 OnResult on_result)
    : loop_(loop), plan_(plan), limits_(std::move(limits)),
      on_result_(std::move(on_result)), shared_{.loop = loop,
                                                .scripts = limits_.scripts,
                                                .on_warning = limits_.on_warning} {
}

Checker::~Checker() {
    stop();
}

void Checker::plan_changed(std::span<const Slot> stopped) {
    for (const Slot slot : stopped) {
        if (slot.index < flights_.size() && flights_[slot.index]) close(*flights_[slot.index]);
    }
    choose_slack();
    arm();
}

/// A check may start a five hundredth of the shortest interval late, and what targets answer is
/// looked at once in as long a time, at most once a millisecond: turns of the loop cost more than
/// what is done in them.
void Checker::choose_slack() {
    constexpr std::int64_t kPart = 500;
    constexpr Nanos kMost = Nanos::milliseconds(10);
    constexpr Nanos kPause = Nanos::milliseconds(1);
    if (!limits_.may_pause) return;
    const Nanos part{plan_.shortest_interval().ns / kPart};
    slack_ = std::min(part, kMost);
    loop_.set_pause(std::min(part, kPause));
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

/// Deadlines of checks that have ended wake nobody.
void Checker::drop_stale_deadlines() {
    while (!deadlines_.empty()) {
        const Deadline& top = deadlines_.top();
        const Flight& flight = *flights_[top.index];
        if (flight.run && flight.number == top.number) return;
        deadlines_.pop();
    }
}

/// One timer at the earliest of what is due; it only ever moves forward when it fires. Where
/// intervals are long, checks start in batches: one turn of the loop for many of them.
void Checker::arm() {
    if (stopped_ || working_) return;
    const bool full = limits_.waits_when_full && in_flight_ >= limits_.most_in_flight;
    Nanos next = full ? Nanos::never() : plan_.deadline() + slack_;
    drop_stale_deadlines();
    if (!deadlines_.empty()) next = std::min(next, deadlines_.top().when);
    if (next >= armed_) return;
    loop_.cancel(timer_);
    armed_ = next;
    timer_ = loop_.at(next, [this](Nanos now) { work(now); });
}

/// How late a check started, in the bucket of its power of two microseconds.
void Checker::note_start(Nanos late) {
    std::size_t bucket = 0;
    for (std::int64_t us = late.ns / 1000; us > 0 && bucket + 1 < statistics_.late.size(); us /= 2)
        ++bucket;
    ++statistics_.late[bucket];
}

void Checker::open(Slot slot, Nanos now) {
    if (slot.index >= flights_.size()) flights_.resize(slot.index + 1);
    auto& place = flights_[slot.index];
    if (!place)
        place = std::make_unique<Flight>(shared_, [this](Flight& flight) { settle(flight); });
    Flight& flight = *place;
    ++statistics_.started;
    note_start(nlb::io::now() - plan_.due(slot));
    ++in_flight_;
    if (in_flight_ > limits_.most_in_flight) {
        flight.refuse(slot, statistics_.started, plan_.settings(slot), plan_.endpoint(slot), now);
    } else {
        flight.begin(slot, statistics_.started, plan_.settings(slot), plan_.endpoint(slot), now);
    }
    if (!flight.run->result()) deadlines_.push({flight.run->deadline(), slot.index, flight.number});
    settle(flight);
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
    flight.close();
    --in_flight_;
}
