// SPDX-License-Identifier: Apache-2.0
#include "checker.hpp"

#include "io/clock.hpp"
#include "io/scheduling.hpp"

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
/// looked at once in as long a time, 2 ms at most: turns of the loop cost more than what
/// is done in them.
void Checker::choose_slack() {
    constexpr std::int64_t kPart = 500;
    constexpr Nanos kMost = Nanos::milliseconds(10);
    constexpr Nanos kMostPause = Nanos::milliseconds(2);
    constexpr Nanos kPunctual = Nanos::milliseconds(1); // a turn of another process is longer
    if (!limits_.may_pause) return;
    const Nanos part{plan_.shortest_interval().ns / kPart};
    slack_ = std::min(part, kMost);
    pause_ = std::min(part, kMostPause);
    if (slack_ < kPunctual && !std::exchange(asked_, true)) nlb::io::ask_for_short_turns();
    shared_.looks_first = pause_.ns > 0;
    loop_.set_pause(pause_);
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
    look();
    expire(now);
    start_due(now);
    working_ = false;
    arm();
}

/// Takes the answers that have come. A target on this host, or near by, has answered since its
/// check began, and nothing had to watch for it.
void Checker::look() {
    look_at_ = Nanos::never();
    for (const Mark& mark : std::exchange(awaiting_, {})) {
        Flight& flight = *flights_[mark.index];
        if (flight.run && flight.number == mark.number) flight.look();
    }
}

/// All connect, then all go on: a server that is woken for the first finds the others there, too.
void Checker::start_due(Nanos now) {
    begun_.clear();
    if (plan_.deadline() + slack_ > now) return; // woken for something else: the batch may grow
    while (!stopped_ && !(limits_.waits_when_full && in_flight_ >= limits_.most_in_flight)) {
        const auto slot = plan_.start_due(now);
        if (!slot) break;
        open(*slot, now);
    }
    for (const Mark& mark : begun_) {
        Flight& flight = *flights_[mark.index];
        if (!flight.run || flight.number != mark.number)
            continue; // who heard of a result may stop all
        flight.go_on();
        if (flight.awaits()) awaiting_.push_back(mark);
        if (!flight.run->result())
            deadlines_.push({flight.run->deadline(), mark.index, mark.number});
        settle(flight);
    }
    if (!awaiting_.empty()) look_at_ = nlb::io::now() + pause_;
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
    next = std::min(next, look_at_);
    if (next >= armed_) return;
    loop_.cancel(timer_);
    armed_ = next;
    timer_ = loop_.at(next, [this](Nanos now) { work(now); });
}

void Checker::open(Slot slot, Nanos now) {
    if (slot.index >= flights_.size()) flights_.resize(slot.index + 1);
    auto& place = flights_[slot.index];
    if (!place)
        place = std::make_unique<Flight>(shared_, [this](Flight& flight) { settle(flight); });
    Flight& flight = *place;
    ++statistics_.started;
    statistics_.late.add(nlb::io::now() - plan_.due(slot));
    ++in_flight_;
    if (in_flight_ > limits_.most_in_flight) {
        flight.refuse(slot, statistics_.started, plan_.settings(slot), plan_.endpoint(slot), now);
    } else {
        flight.begin(slot, statistics_.started, plan_.settings(slot), plan_.endpoint(slot), now);
    }
    begun_.push_back({slot.index, flight.number});
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
