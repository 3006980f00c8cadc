// SPDX-License-Identifier: Apache-2.0
// One thread's loop over descriptors and deadlines (epoll, level-triggered). For control streams
// and checks; the proxy's workers have a loop of their own (lib/proxy).
#pragma once

#include "io/fd.hpp"

#include "base/time.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>

struct epoll_event;

namespace nlb::io {

class EventLoop {
  public:
    using Handler = std::function<void(std::uint32_t epoll_events)>;
    using Task = std::function<void(Nanos now)>;
    using TimerId = std::uint64_t;

    static Result<EventLoop> make();

    /// Watches `fd` until remove(fd); the caller keeps owning it. A regular file, which epoll
    /// refuses, counts as always ready.
    Result<void> add(int fd, std::uint32_t epoll_events, Handler handler);
    void modify(int fd, std::uint32_t epoll_events);

    /// Must come before the descriptor is closed. Safe inside a handler, its own included.
    void remove(int fd);

    /// The same for a descriptor that has no duplicate and is closed next: a system call less.
    void forget(int fd);

    /// Runs `task` once at `when`. Safe inside a handler or task.
    TimerId at(Nanos when, Task task);
    void cancel(TimerId id);

    /// Runs `task` after the handlers of every round: the place to flush what they produced.
    void after_each_round(Task task);

    /// After a round with events, waits this long (or until the next task is due) before looking
    /// for more, so that they come together; 0: not at all.
    void set_pause(Nanos pause) { pause_ = pause; }

    /// Until stop(). Errors: System when epoll itself fails.
    Result<void> run();

    void stop() { stopped_ = true; }

    [[nodiscard]] bool stopped() const { return stopped_; }

  private:
    struct Watch {
        Handler handler;
        std::uint32_t events = 0;
        bool always_ready = false;
    };

    explicit EventLoop(Fd epoll) : epoll_(std::move(epoll)) {}

    [[nodiscard]] Nanos longest_wait() const;
    [[nodiscard]] int wait(std::span<epoll_event> events) const;
    void pause() const;
    void run_due_tasks();
    void run_always_ready();

    Fd epoll_;
    std::map<int, std::shared_ptr<Watch>> watches_;
    std::map<std::pair<Nanos, TimerId>, Task> timers_;
    std::map<TimerId, Nanos> deadlines_;
    std::vector<Task> after_round_;
    TimerId next_timer_ = 1;
    std::size_t always_ready_ = 0;
    Nanos pause_;
    bool stopped_ = false;
};

} // namespace nlb::io
