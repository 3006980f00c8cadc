// SPDX-License-Identifier: Apache-2.0
#include "health/consensus.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

using namespace nlb;
using namespace nlb::health;
using contract::TargetHealth;
using model::HealthReason;
using model::HealthState;

namespace {

const model::TargetGroupId kGroup{"targetgroup/web/0000000000000001"};
const model::TargetId kTarget{"10.0.1.1:80"};
constexpr Nanos kInterval = Nanos::seconds(5);

contract::Set target_set(const std::string& address = "10.0.1.1") {
    contract::TargetGroup settings;
    settings.group = kGroup;
    settings.check_interval_ms = static_cast<std::uint64_t>(kInterval.ns / 1'000'000);
    contract::Target target;
    target.group = kGroup;
    target.target = kTarget;
    target.address = IpAddress::parse(address).value();
    return {contract::SetKind::TargetSet, kGroup, 1, false, {settings, target}};
}

TargetHealth line(HealthState state, std::optional<std::string> description = std::nullopt) {
    TargetHealth out;
    out.group = kGroup;
    out.target = kTarget;
    out.state = state;
    out.description = std::move(description);
    if (state == HealthState::Unhealthy) out.reason = HealthReason::TargetFailedHealthChecks;
    return out;
}

Voter node(const std::string& name, const std::string& instance = "1") {
    return {name, instance};
}

/// Letters of votes (h healthy, u unhealthy, i initial, x unavailable), a voter each, in turn.
HealthState decided(const std::string& votes, ConsensusRule rule = ConsensusRule::Majority,
                    HealthState before = HealthState::Initial) {
    Consensus consensus(rule);
    consensus.expect(target_set());
    if (before != HealthState::Initial) consensus.vote(node("0"), line(before), Nanos{});
    for (std::size_t i = 0; i < votes.size(); ++i) {
        const HealthState state = votes[i] == 'h'   ? HealthState::Healthy
                                  : votes[i] == 'u' ? HealthState::Unhealthy
                                  : votes[i] == 'x' ? HealthState::Unavailable
                                                    : HealthState::Initial;
        consensus.vote(node(std::to_string(i)), line(state), Nanos{});
    }
    const TargetHealth* decision = consensus.decision(kGroup, kTarget);
    return decision == nullptr ? HealthState::Initial : decision->state;
}

} // namespace

BOOST_AUTO_TEST_SUITE(health_consensus)

BOOST_AUTO_TEST_CASE(votes_decide_by_the_rule) {
    struct Row {
        const char* votes;
        HealthState majority, any, all;
    };

    using enum HealthState;
    for (const Row& row : {Row{"h", Healthy, Healthy, Healthy},
                           {"u", Unhealthy, Unhealthy, Unhealthy},
                           {"i", Initial, Initial, Initial},
                           {"x", Unavailable, Unavailable, Unavailable},
                           {"hi", Healthy, Healthy, Healthy}, // in service after the first pass
                           {"xh", Healthy, Healthy, Healthy},
                           {"ix", Unavailable, Unavailable, Unavailable},
                           {"uuh", Unhealthy, Healthy, Unhealthy},
                           {"hhu", Healthy, Healthy, Unhealthy},
                           {"uxi", Unhealthy, Unhealthy, Unhealthy}}) {
        BOOST_TEST_CONTEXT(row.votes) {
            BOOST_TEST((decided(row.votes) == row.majority));
            BOOST_TEST((decided(row.votes, ConsensusRule::Any) == row.any));
            BOOST_TEST((decided(row.votes, ConsensusRule::All) == row.all));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_tie_keeps_the_old_state) {
    BOOST_TEST(
        (decided("hu", ConsensusRule::Majority, HealthState::Healthy) == HealthState::Healthy));
    BOOST_TEST(
        (decided("uh", ConsensusRule::Majority, HealthState::Unhealthy) == HealthState::Unhealthy));
}

BOOST_AUTO_TEST_CASE(only_a_change_is_told_and_it_quotes_a_voter) {
    Consensus consensus;
    consensus.expect(target_set());
    BOOST_TEST(consensus.vote(node("a"), line(HealthState::Healthy), Nanos{}).size() == 1U);
    BOOST_TEST(consensus.vote(node("b"), line(HealthState::Healthy), Nanos{}).empty());
    BOOST_TEST(consensus.vote(node("b"), line(HealthState::Unhealthy, "refused"), Nanos{}).empty());
    const auto changed =
        consensus.vote(node("a"), line(HealthState::Unhealthy, "timed out"), Nanos{});
    BOOST_REQUIRE(changed.size() == 1U);
    BOOST_TEST((changed[0].state == HealthState::Unhealthy));
    BOOST_TEST(changed[0].description.value_or("") == "timed out");
    BOOST_TEST((changed[0].reason == HealthReason::TargetFailedHealthChecks));
}

BOOST_AUTO_TEST_CASE(a_silent_voter_leaves_the_quorum_after_two_intervals) {
    Consensus consensus;
    consensus.expect(target_set());
    consensus.vote(node("a"), line(HealthState::Unhealthy), Nanos{});
    consensus.vote(node("b"), line(HealthState::Healthy), Nanos::seconds(4));
    BOOST_TEST((consensus.decision(kGroup, kTarget)->state == HealthState::Unhealthy)); // tie
    BOOST_TEST((consensus.deadline() == Nanos::seconds(10)));
    BOOST_TEST(consensus.tick(Nanos::seconds(9)).empty());
    const auto changed = consensus.tick(Nanos::seconds(10));
    BOOST_REQUIRE(changed.size() == 1U);
    BOOST_TEST((changed[0].state == HealthState::Healthy));
    BOOST_TEST(consensus.ballots(kGroup, kTarget).at(0).is_silent);
    BOOST_TEST(consensus.tick(Nanos::seconds(60)).empty()); // nobody left: the state stays
    BOOST_TEST(consensus.deadline().is_never());
    BOOST_TEST(consensus.heard("b", Nanos::seconds(61)).empty());
    consensus.heard("a", Nanos::seconds(61)); // back with its vote: a tie again
    BOOST_TEST((consensus.decision(kGroup, kTarget)->state == HealthState::Healthy));
    BOOST_TEST(!consensus.ballots(kGroup, kTarget).at(0).is_silent);
}

BOOST_AUTO_TEST_CASE(a_heartbeat_keeps_a_voter_in_the_quorum) {
    Consensus consensus;
    consensus.expect(target_set());
    consensus.vote(node("a"), line(HealthState::Healthy), Nanos{});
    for (int second = 1; second <= 60; ++second) {
        consensus.heard("a", Nanos::seconds(second));
        BOOST_TEST(consensus.tick(Nanos::seconds(second)).empty());
    }
    BOOST_TEST(!consensus.ballots(kGroup, kTarget).at(0).is_silent);
}

BOOST_AUTO_TEST_CASE(a_voter_that_starts_anew_takes_nothing_back) {
    Consensus consensus;
    consensus.expect(target_set());
    consensus.vote(node("a", "1"), line(HealthState::Healthy), Nanos{});
    BOOST_TEST(consensus.vote(node("a", "2"), line(HealthState::Initial), Nanos{}).empty());
    BOOST_TEST(consensus.vote(node("a", "2"), line(HealthState::Healthy), Nanos{}).empty());
    const auto changed = consensus.vote(node("a", "2"), line(HealthState::Initial), Nanos{});
    BOOST_REQUIRE(changed.size() == 1U);
    BOOST_TEST((changed[0].state == HealthState::Initial));
}

BOOST_AUTO_TEST_CASE(a_set_is_all_a_voter_says_of_the_group) {
    Consensus consensus;
    consensus.expect(target_set());
    consensus.vote(node("a"), line(HealthState::Healthy), Nanos{});
    const contract::Set nothing{contract::SetKind::TargetHealth, kGroup, 1, false, {}};
    const auto changed = consensus.vote(node("a"), nothing, Nanos{});
    BOOST_REQUIRE(changed.size() == 1U);
    BOOST_TEST((changed[0].state == HealthState::Initial));
    BOOST_TEST((changed[0].reason == HealthReason::ElbRegistrationInProgress));
    BOOST_TEST(consensus.decision(kGroup, kTarget) == nullptr);
}

BOOST_AUTO_TEST_CASE(targets_that_are_not_expected_are_not_voted_on) {
    Consensus consensus;
    BOOST_TEST(consensus.vote(node("a"), line(HealthState::Healthy), Nanos{}).empty());
    BOOST_TEST(consensus.strangers() == 1U);
    consensus.expect(target_set());
    consensus.vote(node("a"), line(HealthState::Healthy), Nanos{});
    consensus.expect(target_set("10.0.1.9")); // another machine under the same id
    BOOST_TEST(consensus.decision(kGroup, kTarget) == nullptr);
    consensus.vote(node("a"), line(HealthState::Healthy), Nanos{});
    consensus.expect(target_set("10.0.1.9"));
    BOOST_TEST((consensus.decision(kGroup, kTarget)->state == HealthState::Healthy));
    consensus.expect({contract::SetKind::TargetSet, kGroup, 2, false, {}});
    BOOST_TEST(consensus.decision(kGroup, kTarget) == nullptr);
}

BOOST_AUTO_TEST_CASE(what_nlb_policy_decided_is_no_vote) {
    Consensus consensus;
    consensus.expect(target_set());
    consensus.vote(node("a"), line(HealthState::Healthy), Nanos{});
    BOOST_TEST(consensus.vote(node("a"), line(HealthState::Draining), Nanos{}).empty());
    BOOST_TEST((consensus.decision(kGroup, kTarget)->state == HealthState::Healthy));
    consensus.vote(node("a"), line(HealthState::Unhealthy), Nanos{});
    // It passes its checks again while it drains.
    BOOST_TEST((consensus.vote(node("a"), line(HealthState::Draining), Nanos{}).at(0).state ==
                HealthState::Healthy));
    consensus.vote(node("a"), line(HealthState::Unused), Nanos{});
    BOOST_TEST(consensus.ballots(kGroup, kTarget).empty());
}

BOOST_AUTO_TEST_CASE(whatever_is_voted_the_state_is_one_that_checks_can_give) {
    constexpr unsigned kSeed = 4711;
    std::mt19937 random(kSeed);
    for (int round = 0; round < 200; ++round) {
        Consensus consensus(static_cast<ConsensusRule>(random() % 3));
        consensus.expect(target_set());
        Nanos now{};
        for (int step = 0; step < 60; ++step) {
            now += Nanos::seconds(static_cast<std::int64_t>(random() % 5));
            const Voter voter = node(std::to_string(random() % 4), std::to_string(random() % 2));
            if (random() % 5 == 0)
                consensus.tick(now);
            else
                consensus.vote(voter, line(static_cast<HealthState>(random() % 6)), now);
            const TargetHealth* decision = consensus.decision(kGroup, kTarget);
            if (decision == nullptr) continue;
            BOOST_TEST((decision->state != HealthState::Unused));
            BOOST_TEST((decision->state != HealthState::Draining));
            BOOST_TEST(decision->reason.has_value() ==
                       (decision->state == HealthState::Unhealthy)); // as line() says it
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
