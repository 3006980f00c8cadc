// SPDX-License-Identifier: Apache-2.0
// Introduces the plan's checks to sockets: connects what is due, feeds each health::ProbeRun with
// what its connection does, closes it and hands the result back. One thread, one check in flight
// per target, one timer for all.
#pragma once

#include "flight.hpp"

#include "health/lateness.hpp"
#include "health/plan.hpp"

#include <array>
#include <functional>
#include <memory>
#include <queue>
#include <span>
#include <string>
#include <vector>

class Checker {
  public:
    struct Statistics {
        std::uint64_t started = 0;
        std::array<std::uint64_t, nlb::EnumText<nlb::health::ProbeOutcome>::names.size()> ended{};
        nlb::health::Lateness late; ///< of the starts
    };

    struct Limits {
        std::size_t most_in_flight = 0;
        /// At the limit: true waits for a check to end, false fails the check as our own trouble,
        /// so that it stays visible and no target delays another.
        bool waits_when_full = false;
        bool may_pause = false;     ///< the loop may wait a little for more to do
        Scripts* scripts = nullptr; ///< null: none is run
        std::function<void(const std::string&)> on_warning = {};
    };

    /// Called after every check.
    using OnResult = std::function<void(nlb::health::Slot, const nlb::health::ProbeResult&,
                                        const std::optional<nlb::health::Change>&)>;

    Checker(nlb::io::EventLoop& loop, nlb::health::Plan& plan, Limits limits, OnResult on_result);
    ~Checker();
    Checker(const Checker&) = delete;
    Checker& operator=(const Checker&) = delete;

    /// The plan changed: close the checks that are void and look at the schedule again.
    void plan_changed(std::span<const nlb::health::Slot> stopped);

    /// Closes every check and starts none any more.
    void stop();

    [[nodiscard]] std::size_t in_flight() const { return in_flight_; }

    [[nodiscard]] const Statistics& statistics() const { return statistics_; }

  private:
    struct Deadline {
        nlb::Nanos when;
        std::uint32_t index;
        std::uint64_t number;

        bool operator>(const Deadline& o) const { return when > o.when; }
    };

    /// A check: which flight, and which of its checks.
    struct Mark {
        std::uint32_t index;
        std::uint64_t number;
    };

    void work(nlb::Nanos now);
    void look();
    void start_due(nlb::Nanos now);
    void expire(nlb::Nanos now);
    void arm();
    void drop_stale_deadlines();
    void choose_slack();
    void open(nlb::health::Slot slot, nlb::Nanos now);
    void settle(Flight& flight);
    void close(Flight& flight);

    nlb::io::EventLoop& loop_;
    nlb::health::Plan& plan_;
    Limits limits_;
    OnResult on_result_;
    Flight::Shared shared_;
    std::vector<std::unique_ptr<Flight>> flights_; // by slot index; kept for the next check
    std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>> deadlines_;
    Statistics statistics_;
    std::size_t in_flight_ = 0;
    nlb::io::EventLoop::TimerId timer_ = 0;
    nlb::Nanos armed_ = nlb::Nanos::never();
    nlb::Nanos look_at_ = nlb::Nanos::never();
    nlb::Nanos slack_{};
    nlb::Nanos pause_{};
    std::vector<Mark> begun_;    // in this turn
    std::vector<Mark> awaiting_; // wanting a look
    bool asked_ = false;         // for short turns
    bool working_ = false;
    bool stopped_ = false;
};

/// Raises the descriptor limit as far as allowed and returns how many checks may be open at once,
/// some descriptors kept for the rest of the process.
std::size_t descriptors_for_checks();
