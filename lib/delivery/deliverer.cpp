// SPDX-License-Identifier: Apache-2.0
#include "delivery/deliverer.hpp"

#include "io/clock.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace nlb::delivery {

namespace {

constexpr Nanos kFirstBackoff = Nanos::seconds(1);
constexpr Nanos kLongestBackoff = Nanos::seconds(60);

} // namespace

Result<std::unique_ptr<Deliverer>> Deliverer::start(Packing packing, Send send) {
    io::Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake.is_open()) return io::sys_error("make an eventfd");
    std::unique_ptr<Deliverer> made(
        new Deliverer(std::move(packing), std::move(send), std::move(wake)));
    made->thread_ = std::thread([deliverer = made.get()] { deliverer->run(); });
    return made;
}

Deliverer::~Deliverer() {
    {
        const std::scoped_lock lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void Deliverer::submit(StoredSegment segment) {
    {
        const std::scoped_lock lock(mutex_);
        queues_[segment.bucket].segments.push_back(std::move(segment));
    }
    changed_.notify_one();
}

void Deliverer::submit(Task task) {
    {
        const std::scoped_lock lock(mutex_);
        tasks_.push_back(std::move(task));
    }
    changed_.notify_one();
}

void Deliverer::finish() {
    {
        const std::scoped_lock lock(mutex_);
        finishing_ = true;
        for (auto& [bucket, queue] : queues_)
            queue.due = {};
    }
    changed_.notify_one();
}

std::size_t Deliverer::give_up() {
    const std::scoped_lock lock(mutex_);
    std::size_t left = 0;
    for (auto& [bucket, queue] : queues_)
        left += std::exchange(queue.segments, {}).size();
    tasks_.clear();
    return left;
}

std::vector<Deliverer::Outcome> Deliverer::drain() {
    std::uint64_t count = 0;
    io::retry([&] { return ::read(wake_.get(), &count, sizeof(count)); });
    const std::scoped_lock lock(mutex_);
    return std::exchange(outcomes_, {});
}

bool Deliverer::is_idle() const {
    const std::scoped_lock lock(mutex_);
    return !working_ && outcomes_.empty() && tasks_.empty() &&
           std::all_of(queues_.begin(), queues_.end(),
                       [](const auto& queue) { return queue.second.segments.empty(); });
}

/// The queue that is due first; `when` is its time, never() without one.
std::map<std::string, Deliverer::Queue>::iterator Deliverer::next_due(Nanos& when) {
    auto first = queues_.end();
    when = Nanos::never();
    for (auto at = queues_.begin(); at != queues_.end(); ++at) {
        if (at->second.segments.empty() || at->second.due >= when) continue;
        first = at;
        when = at->second.due;
    }
    return first;
}

void Deliverer::run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        if (!tasks_.empty()) {
            run_task(lock);
            continue;
        }
        Nanos when;
        const auto queue = next_due(when);
        if (queue == queues_.end()) {
            changed_.wait(lock);
            continue;
        }
        if (const Nanos now = io::now(); when > now) {
            changed_.wait_for(lock, std::chrono::nanoseconds((when - now).ns));
            continue;
        }
        StoredSegment segment = std::move(queue->second.segments.front());
        queue->second.segments.pop_front();
        working_ = true;
        lock.unlock();
        Outcome outcome = deliver(std::move(segment));
        lock.lock();
        working_ = false;
        settle(queue->second, std::move(outcome));
    }
}

void Deliverer::run_task(std::unique_lock<std::mutex>& lock) {
    const Task task = std::move(tasks_.front());
    tasks_.pop_front();
    working_ = true;
    lock.unlock();
    const auto done = task();
    lock.lock();
    working_ = false;
    Outcome outcome;
    if (!done) outcome.error = done.error();
    tell(std::move(outcome));
}

void Deliverer::tell(Outcome outcome) {
    outcomes_.push_back(std::move(outcome));
    const std::uint64_t one = 1;
    io::retry([&] { return ::write(wake_.get(), &one, sizeof(one)); });
}

/// Under the lock. A failed segment goes to the end, so that one that no destination takes does not
/// hold up the others.
void Deliverer::settle(Queue& queue, Outcome outcome) {
    if (outcome.error) {
        queue.backoff = std::clamp(queue.backoff + queue.backoff, kFirstBackoff, kLongestBackoff);
        queue.due = io::now() + queue.backoff;
        outcome.given_up = finishing_;
        if (!finishing_) queue.segments.push_back(outcome.segment);
        if (finishing_) queue.due = {};
    } else {
        queue.backoff = {};
        queue.due = {};
    }
    tell(std::move(outcome));
}

Deliverer::Outcome Deliverer::deliver(StoredSegment segment) {
    Outcome outcome;
    outcome.segment = std::move(segment);
    auto object = make_object(outcome.segment.path, packing_);
    if (!object) {
        outcome.error = object.error();
        return outcome;
    }
    outcome.entries = object->entries;
    if (object->entries == 0) return outcome; // its first write was cut off: nothing was promised
    auto where = send_(*object);
    if (!where) {
        outcome.error = where.error();
        return outcome;
    }
    outcome.where = std::move(*where);
    outcome.bytes = object->bytes.size();
    return outcome;
}

} // namespace nlb::delivery
