// SPDX-License-Identifier: Apache-2.0
// A thread that packs segments and hands them to their destinations, as often as it takes:
// who writes entries never waits for a bucket. A destination that fails is left alone for a while,
// from 1 s to 60 s; others go on.
#pragma once

#include "delivery/object.hpp"
#include "delivery/spool.hpp"

#include "io/fd.hpp"

#include "base/time.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace nlb::delivery {

class Deliverer {
  public:
    /// Puts a file to its destination and says where it lies. Called in the thread.
    using Send = std::function<Result<std::string>(const Object&)>;

    /// Other work that blocks, on the destinations. Called in the thread.
    using Task = std::function<Result<void>()>;

    struct Outcome {
        StoredSegment segment;      ///< without a path: of a task
        std::optional<Error> error; ///< none: delivered, and the segment may go
        bool given_up = false;      ///< failed after finish(): it stays in the spool
        std::string where;
        std::uint64_t entries = 0;
        std::uint64_t bytes = 0; ///< delivered
    };

    /// Errors: System.
    static Result<std::unique_ptr<Deliverer>> start(Packing packing, Send send);
    ~Deliverer();
    Deliverer(const Deliverer&) = delete;
    Deliverer& operator=(const Deliverer&) = delete;

    void submit(StoredSegment segment);

    /// Runs before the next segment; only a failure is told.
    void submit(Task task);

    /// Every segment that waits is tried once more, at once; what fails is left in the spool.
    void finish();

    /// What waits is not tried any more, after finish(); returns how many segments stay in the
    /// spool for that. What is under way goes on.
    std::size_t give_up();

    /// What came about since the last call; failures are told, and tried again.
    std::vector<Outcome> drain();

    /// Readable when drain() has something, or everything is done after finish().
    [[nodiscard]] int fd() const { return wake_.get(); }

    [[nodiscard]] bool is_idle() const;

  private:
    struct Queue {
        std::deque<StoredSegment> segments;
        Nanos due;     // not before
        Nanos backoff; // after the next failure
    };

    Deliverer(Packing packing, Send send, io::Fd wake)
        : packing_(std::move(packing)), send_(std::move(send)), wake_(std::move(wake)) {}

    void run();
    Outcome deliver(StoredSegment segment);
    std::map<std::string, Queue>::iterator next_due(Nanos& when);
    void settle(Queue& queue, Outcome outcome);
    void run_task(std::unique_lock<std::mutex>& lock);
    void tell(Outcome outcome);

    Packing packing_;
    Send send_;
    io::Fd wake_; // eventfd
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, Queue> queues_; // by bucket
    std::deque<Task> tasks_;
    std::vector<Outcome> outcomes_;
    bool working_ = false;
    bool finishing_ = false;
    bool stopping_ = false;
    std::thread thread_; // last: it uses the others
};

} // namespace nlb::delivery
