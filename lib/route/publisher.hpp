// SPDX-License-Identifier: Apache-2.0
// Publisher: what nlb-policy knows and has said. Configuration and health go in, sets come out:
// all of them for a reader that has nothing, or only those of the groups that changed.
// Pure; who reads and writes is the caller's business. `nlb-policy routes` and `run` are both
// frames around it.
#pragma once

#include "route/health_view.hpp"
#include "route/lines.hpp"

#include "contract/sets.hpp"

#include <map>
#include <set>
#include <string_view>
#include <vector>

namespace nlb::route {

/// A node began or ceased to send to targets that are not healthy, for the log.
struct ModeChange {
    model::TargetGroupId group;
    model::ZoneName zone;
    model::RouteReason before = model::RouteReason::Healthy;
    model::RouteReason after = model::RouteReason::Healthy;
    std::size_t healthy = 0; ///< in reach of the node
    std::size_t registered = 0;
};

/// Scopes whose sets differ from what was published last. A group that is no longer in use is
/// among them once; its set is empty.
struct Published {
    std::vector<model::TargetGroupId> route_sets;
    std::vector<model::TargetGroupId> target_sets;
    std::vector<ModeChange> modes;
};

/// What was asked of a running balancer and is in no configuration; outlives the process.
struct RunningState {
    std::vector<ZonalShift> shifts;
    std::map<model::TargetGroupId, std::vector<Deregistration>> deregistered;
};

class Publisher {
  public:
    /// Generation 1 is the configuration with nothing known about health.
    explicit Publisher(model::Configuration configuration);
    ~Publisher() = default;
    Publisher(const Publisher&) = delete; // groups_ points into configuration_
    Publisher& operator=(const Publisher&) = delete;

    /// Replaces the configuration. The health of targets that still exist stays. Targets that are
    /// no longer registered drain for the delay of their group [p.45], unless nobody knows the
    /// group any more; a target that is registered again drains no longer.
    Published reload(model::Configuration configuration, WallTime now);

    /// Ends delays and shifts that are over at `now`; publish() makes routes of it.
    void tick(WallTime now);

    /// When tick() is wanted next; never while nothing drains and nothing is shifted.
    [[nodiscard]] WallTime deadline() const;

    /// Starts, changes or takes away the one shift of a load balancer; publish() makes routes of
    /// it. Whether it may be is the caller's question: see shift.hpp.
    void shift(ZonalShift shift);
    void cancel_shift(const model::LoadBalancerId& load_balancer);

    /// What an earlier process knew. What no longer fits the configuration is left out.
    void restore(RunningState state, WallTime now);

    [[nodiscard]] const RunningState& running() const { return running_; }

    /// Takes health; publish() makes routes of it.
    std::optional<HealthChange> take(const contract::TargetHealth& line, std::string_view reporter);
    std::vector<HealthChange> take(const contract::Set& set, std::string_view reporter);

    /// Evaluates the groups whose health changed since the last call; draining intervals of targets
    /// that turned unhealthy begin at `now`. The generation grows by one when any route differs,
    /// however many lines came in.
    Published publish(WallTime now);

    [[nodiscard]] const model::Configuration& configuration() const { return configuration_; }

    [[nodiscard]] std::uint64_t generation() const { return generation_; }

    [[nodiscard]] std::uint64_t strangers() const { return health_.strangers(); }

    /// The groups in use, in the order of the configuration.
    [[nodiscard]] std::vector<model::TargetGroupId> scopes() const;

    /// How every group is routed now; points into the publisher until its next reload.
    [[nodiscard]] RouteSet routes() const;

    /// The sets of these scopes, chained by `more` so that they are applied together; empty sets
    /// for scopes that are not in use.
    [[nodiscard]] std::vector<contract::Set>
    route_sets(const std::vector<model::TargetGroupId>& scopes) const;
    [[nodiscard]] std::vector<contract::Set>
    target_sets(const std::vector<model::TargetGroupId>& scopes,
                const model::ZoneName& zone = {}) const;

    /// scopes(), or one empty scope when no group is in use: a reader that asks for everything
    /// always gets a set, and knows from its end that this was all.
    [[nodiscard]] std::vector<model::TargetGroupId> everything() const;

  private:
    struct Group {
        GroupUse use;
        std::vector<contract::Message> target_lines;
        std::vector<contract::Message> route_lines;
        std::map<model::ZoneName, model::RouteReason> modes;
    };

    void build();
    void deregister_missing(const model::Configuration& before, WallTime now);
    void forget_registered();
    void connect_state();
    /// Begins and ends the draining intervals of targets as their health is now.
    void drain_unhealthy(const Group& group, WallTime now);
    void end_unhealthy_drainings(WallTime now);
    void end_deregistrations(WallTime now);
    /// Adds the group to what changed; nothing when its sets are as before.
    void evaluate_group(Group& group, Published& published);

    template <class LinesOf>
    [[nodiscard]] std::vector<contract::Set> chain(contract::SetKind kind,
                                                   const std::vector<model::TargetGroupId>& scopes,
                                                   LinesOf&& lines_of) const;

    model::Configuration configuration_;
    HealthView health_;
    std::vector<model::TargetGroupId> order_;
    std::map<model::TargetGroupId, Group> groups_;
    RunningState running_;                                         // groups_ points into it
    std::map<model::TargetGroupId, UnhealthyDrainings> unhealthy_; // groups_ points into it
    std::set<model::TargetGroupId> touched_;
    std::uint64_t generation_ = 1;
};

} // namespace nlb::route
