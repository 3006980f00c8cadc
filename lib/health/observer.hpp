// SPDX-License-Identifier: Apache-2.0
// Observer: what a checker would have reported, from the segments of connections to the targets as
// a capture holds them. Time is the capture's. A pure machine.
//
// Which connections are checks:
//  * of a group with a source address, those that come from it;
//  * otherwise those to a check port that is not where the target takes traffic;
//  * otherwise, of a TCP group, those whose client ends without having sent anything, and of an
//  HTTP
//    group those whose request is that of nlb-health (path and User-Agent);
//  * otherwise a connection that the target refuses or does not answer within the timeout: it
//  counts
//    alike, whoever made it.
// All others are clients, and what they show is evidence [p.51]. Of the answer to an HTTPS check
// only its coming can be seen, not its code. Checks by a script are not seen at all.
#pragma once

#include "health/intake.hpp"
#include "health/plan.hpp"

#include "wire/tcp_stream.hpp"

#include <map>
#include <memory>
#include <variant>
#include <vector>

namespace nlb::health {

class Observer {
  public:
    struct Seen {
        Nanos time;
        Endpoint from;
        Endpoint to;
        bool ack = false;
        wire::TcpSegment tcp;
    };

    struct Transition {
        model::HealthState before;
        contract::TargetHealth now;
    };

    struct Report {
        Nanos time;
        std::variant<contract::CheckResult, contract::TargetEvidence, Transition> what;
    };

    explicit Observer(std::vector<GroupSet> groups);
    ~Observer();
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;

    /// Segments in the order of the capture; a time before the last one counts as the last one.
    void take(const Seen& seen);

    /// What became due until `now`.
    void tick(Nanos now);

    /// What there is to tell since the last call, in the order it happened.
    std::vector<Report> drain() { return std::exchange(reports_, {}); }

    /// Connections to targets that were seen from their beginning.
    [[nodiscard]] std::uint64_t connections() const { return started_; }

    /// Those that were not followed because too many were open.
    [[nodiscard]] std::uint64_t ignored() const { return ignored_; }

    /// Every target and its state now, as a target-health set of each group would have it.
    [[nodiscard]] std::vector<contract::TargetHealth> states() const;

  private:
    struct Target;
    struct Track;
    struct Connection;
    using Key = std::pair<Endpoint, Endpoint>; // client, target

    void begin(const Seen& seen, const std::vector<std::size_t>& whose);
    void from_client(Connection& connection, const Seen& seen);
    void from_target(Connection& connection, const Seen& seen);
    static void read_records(Connection& connection, std::string_view bytes);
    void answer(Connection& connection, Track& track, std::string_view bytes);
    void decide(Connection& connection, Track& track, bool client_ended);
    void become_check(Connection& connection, Track& track);
    void on_reset(Connection& connection);
    void on_deadline(Connection& connection);
    void show(Track& track, Sign sign);
    void settle(Connection& connection, Track& track);
    void tell_change(Target& target, model::HealthState before);
    [[nodiscard]] contract::TargetHealth message(const Target& target) const;
    static bool is_over(const Connection& connection);

    std::vector<GroupSet> groups_;
    std::vector<Target> targets_;
    std::map<Endpoint, std::vector<std::size_t>> by_endpoint_;
    std::map<Key, std::unique_ptr<Connection>> connections_;
    std::multimap<Nanos, std::pair<Key, std::uint64_t>> deadlines_; // and the connection's number
    std::vector<Report> reports_;
    Nanos now_{};
    std::uint64_t started_ = 0;
    std::uint64_t ignored_ = 0;
};

} // namespace nlb::health
