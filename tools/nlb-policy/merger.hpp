// SPDX-License-Identifier: Apache-2.0
// Where the votes of the checkers become health: a Consensus in front of a Publisher.
#pragma once

#include "health/consensus.hpp"
#include "route/publisher.hpp"

#include <string_view>
#include <vector>

namespace nlb::policy {

class Merger {
  public:
    Merger(route::Publisher& publisher, health::ConsensusRule rule)
        : publisher_(publisher), consensus_(rule) {
        expect(publisher_.everything());
    }

    /// The targets of these groups may have changed.
    void expect(const std::vector<model::TargetGroupId>& scopes);

    /// What a speaker's hello makes of it as a voter.
    static health::Voter voter(const contract::Hello& hello);

    std::vector<route::HealthChange> take(const health::Voter& voter,
                                          const contract::TargetHealth& line, Nanos now);
    std::vector<route::HealthChange> take(const health::Voter& voter, const contract::Set& set,
                                          Nanos now);
    std::vector<route::HealthChange> heard(const health::Voter& voter, Nanos now);
    std::vector<route::HealthChange> tick(Nanos now);

    [[nodiscard]] const health::Consensus& consensus() const { return consensus_; }

    /// The decided health of every target of a group as its target-health set, with what
    /// nlb-policy itself knows: unused and draining targets.
    [[nodiscard]] contract::Set health_set(const model::TargetGroupId& group) const;

    /// One speaker at a time, in the words of route::Intake.
    class Voice {
      public:
        Voice(Merger& merger, health::Voter voter, Nanos now)
            : merger_(merger), voter_(std::move(voter)), now_(now) {}

        template <class Words>
        std::vector<route::HealthChange> take(const Words& words, std::string_view /*reporter*/) {
            return merger_.take(voter_, words, now_);
        }

      private:
        Merger& merger_;
        health::Voter voter_;
        Nanos now_;
    };

  private:
    [[nodiscard]] contract::TargetHealth health_of(const model::TargetGroupId& group,
                                                   const contract::Target& target) const;
    std::vector<route::HealthChange> publish(const std::vector<contract::TargetHealth>& decided);

    route::Publisher& publisher_;
    health::Consensus consensus_;
};

} // namespace nlb::policy
