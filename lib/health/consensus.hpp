// SPDX-License-Identifier: Apache-2.0
// What the checkers of the nodes make of a target together [p.52]: every node checks every target,
// and this is the rule that decides. Pure: votes and times go in, decided target-health lines come
// out.
//
//  * A vote is the last word of one voter on one target. `healthy` and `unhealthy` are opinions;
//    `initial` is none yet; `unavailable` says that the voter cannot check; `unused` and `draining`
//    repeat what nlb-policy decided, and a draining target that was unhealthy is so no longer.
//  * Majority: more opinions of one kind than of the other decide; a tie keeps the old state. Any:
//    one healthy opinion is enough. All: one unhealthy opinion is enough.
//  * Without any opinion the target is unavailable if a voter says so, else initial.
//  * A voter that was not heard of for two intervals of the group (at least kLeastSilence) has left
//    the quorum until it is heard again. When all have left, the old state stays.
//  * A voter that starts anew says `initial` of everything; that does not take back what it had
//    found out before.
#pragma once

#include "base/enum_text.hpp"
#include "base/time.hpp"
#include "contract/sets.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nlb::health {

enum class ConsensusRule : std::uint8_t { Majority, Any, All };

/// What a voter says of itself.
struct Voter {
    std::string name;     ///< of the node and its zone: the same after a restart
    std::string instance; ///< new at every start
};

class Consensus {
  public:
    explicit Consensus(ConsensusRule rule = ConsensusRule::Majority) : rule_(rule) {}

    /// The shortest silence that costs a voter its vote: three heartbeats.
    static constexpr Nanos kLeastSilence = Nanos::seconds(3);

    /// A target-set as the checkers get it: which targets are voted on, and how often they are
    /// checked. What was voted on a target that has another address now, or is no longer there, is
    /// forgotten. Without lines the group ends.
    void expect(const contract::Set& target_set);

    /// One line of a voter. Returns the decisions that change by it, if only in their description.
    /// Lines about targets that are not expected are counted and change nothing.
    std::vector<contract::TargetHealth> vote(const Voter& voter, const contract::TargetHealth& line,
                                             Nanos now);

    /// Every vote of a voter on one group: what it leaves out it has not voted on.
    std::vector<contract::TargetHealth> vote(const Voter& voter, const contract::Set& set,
                                             Nanos now);

    /// A sign of life of a voter.
    std::vector<contract::TargetHealth> heard(const std::string& voter, Nanos now);

    /// Voters that have become silent leave the quorum.
    std::vector<contract::TargetHealth> tick(Nanos now);

    /// When tick() is wanted next; never while all voters are silent.
    [[nodiscard]] Nanos deadline() const;

    /// The decision on a target; null when nobody has voted on it.
    [[nodiscard]] const contract::TargetHealth* decision(const model::TargetGroupId& group,
                                                         const model::TargetId& target) const;

    /// Every vote that is in force or was before its voter became silent.
    struct Ballot {
        std::string voter;
        bool is_silent = false;
        model::HealthState state = model::HealthState::Initial;
        std::string description;
    };

    [[nodiscard]] std::vector<Ballot> ballots(const model::TargetGroupId& group,
                                              const model::TargetId& target) const;

    /// Votes on targets that are not expected.
    [[nodiscard]] std::uint64_t strangers() const { return strangers_; }

  private:
    struct Vote {
        std::string instance;
        contract::TargetHealth line;
    };

    struct Candidate {
        IpAddress address;
        std::map<std::string, Vote> votes; // by voter
        std::optional<contract::TargetHealth> decision;
    };

    struct Group {
        Nanos silence; // a voter that is silent for so long has left
        std::map<model::TargetId, Candidate> targets;
        std::set<std::string> silent; // voters that are
    };

    struct Count;

    bool cast(const Voter& voter, const contract::TargetHealth& line, Candidate& candidate);
    [[nodiscard]] Count count(const Group& group, const Candidate& candidate) const;
    [[nodiscard]] std::optional<model::HealthState> settle(const Count& count) const;
    std::optional<contract::TargetHealth> decide(const Group& group, Candidate& candidate);
    void decide_all(Group& group, std::vector<contract::TargetHealth>& changed);

    ConsensusRule rule_;
    std::map<model::TargetGroupId, Group> groups_;
    std::map<std::string, Nanos> voters_; // when each was heard last
    std::uint64_t strangers_ = 0;
};

} // namespace nlb::health

namespace nlb {

template <>
struct EnumText<health::ConsensusRule> {
    static constexpr std::array<std::string_view, 3> names{"majority", "any", "all"};
};

} // namespace nlb
