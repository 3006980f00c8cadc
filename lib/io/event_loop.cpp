// SPDX-License-Identifier: Apache-2.0
#include "io/event_loop.hpp"

#include "io/clock.hpp"

#include "base/check.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>

namespace nlb::io {

namespace {

timespec timespec_of(Nanos time) {
    constexpr std::int64_t kNsPerSecond = 1'000'000'000;
    return {static_cast<std::time_t>(time.ns / kNsPerSecond),
            static_cast<long>(time.ns % kNsPerSecond)};
}

} // namespace

Result<EventLoop> EventLoop::make() {
    Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll.is_open()) return sys_error("create an epoll descriptor");
    return EventLoop(std::move(epoll));
}

Result<void> EventLoop::add(int fd, std::uint32_t epoll_events, Handler handler) {
    auto watch = std::make_shared<Watch>(Watch{std::move(handler), epoll_events, false});
    epoll_event event{};
    event.events = epoll_events;
    event.data.fd = fd;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
        if (errno != EPERM) return sys_error("watch a descriptor");
        watch->always_ready = true;
        ++always_ready_;
    }
    NLB_CHECK(watches_.emplace(fd, std::move(watch)).second);
    return {};
}

void EventLoop::modify(int fd, std::uint32_t epoll_events) {
    const auto it = watches_.find(fd);
    NLB_CHECK(it != watches_.end());
    if (it->second->events == epoll_events) return;
    it->second->events = epoll_events;
    if (it->second->always_ready) return;
    epoll_event event{};
    event.events = epoll_events;
    event.data.fd = fd;
    NLB_CHECK(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0);
}

void EventLoop::remove(int fd) {
    const auto it = watches_.find(fd);
    if (it == watches_.end()) return;
    if (it->second->always_ready) {
        --always_ready_;
    } else {
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
    }
    watches_.erase(it);
}

void EventLoop::forget(int fd) {
    const auto it = watches_.find(fd);
    if (it == watches_.end()) return;
    if (it->second->always_ready) --always_ready_;
    watches_.erase(it);
}

EventLoop::TimerId EventLoop::at(Nanos when, Task task) {
    const TimerId id = next_timer_++;
    timers_.emplace(std::pair(when, id), std::move(task));
    deadlines_.emplace(id, when);
    return id;
}

void EventLoop::cancel(TimerId id) {
    const auto it = deadlines_.find(id);
    if (it == deadlines_.end()) return;
    timers_.erase({it->second, id});
    deadlines_.erase(it);
}

void EventLoop::after_each_round(Task task) {
    after_round_.push_back(std::move(task));
}

/// How long to wait for events; never() without an end.
Nanos EventLoop::longest_wait() const {
    const auto ready = [](const auto& w) {
        return w.second->always_ready && w.second->events != 0;
    };
    if (always_ready_ > 0 && std::any_of(watches_.begin(), watches_.end(), ready)) return {};
    if (timers_.empty() || timers_.begin()->first.first.is_never()) return Nanos::never();
    constexpr Nanos kLongestWait = Nanos::seconds(60);
    return std::clamp(timers_.begin()->first.first - now(), Nanos{}, kLongestWait);
}

/// epoll_pwait2(2) waits to the nanosecond; kernels before 5.11 know whole milliseconds only.
int EventLoop::wait(std::span<epoll_event> events) const {
    const Nanos longest = longest_wait();
    const int most = static_cast<int>(events.size());
    const timespec time = timespec_of(longest);
    const int n = ::epoll_pwait2(epoll_.get(), events.data(), most,
                                 longest.is_never() ? nullptr : &time, nullptr);
    if (n >= 0 || errno != ENOSYS) return n;
    const auto ms = static_cast<int>((longest.ns + 999'999) / 1'000'000);
    return ::epoll_wait(epoll_.get(), events.data(), most, longest.is_never() ? -1 : ms);
}

void EventLoop::pause() const {
    if (pause_.ns <= 0 || stopped_) return;
    const Nanos due = timers_.empty() ? Nanos::never() : timers_.begin()->first.first;
    const Nanos until = std::min(now() + pause_, due);
    const timespec at = timespec_of(until);
    ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
}

void EventLoop::run_due_tasks() {
    const Nanos time = now();
    while (!stopped_ && !timers_.empty() && timers_.begin()->first.first <= time) {
        auto node = timers_.extract(timers_.begin());
        deadlines_.erase(node.key().second);
        node.mapped()(time);
    }
}

void EventLoop::run_always_ready() {
    if (always_ready_ == 0) return;
    std::vector<std::pair<int, std::shared_ptr<Watch>>> ready;
    for (const auto& [fd, watch] : watches_) {
        if (watch->always_ready && watch->events != 0) ready.emplace_back(fd, watch);
    }
    for (const auto& [fd, watch] : ready) {
        const auto it = watches_.find(fd);
        if (it != watches_.end() && it->second == watch) watch->handler(watch->events);
    }
}

Result<void> EventLoop::run() {
    std::array<epoll_event, 256> events{};
    while (!stopped_) {
        const int n = wait(events);
        if (n < 0 && errno != EINTR) return sys_error("wait for events");
        for (int i = 0; i < n && !stopped_; ++i) {
            const auto it = watches_.find(events[static_cast<std::size_t>(i)].data.fd);
            if (it == watches_.end()) continue;
            const std::shared_ptr<Watch> watch = it->second; // survives remove() in its handler
            watch->handler(events[static_cast<std::size_t>(i)].events);
        }
        run_always_ready();
        run_due_tasks();
        for (const Task& task : after_round_)
            task(now());
        if (n > 0) pause();
    }
    return {};
}

} // namespace nlb::io
