// SPDX-License-Identifier: Apache-2.0
#include "health/plan.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>

using namespace nlb;
using namespace nlb::health;
using model::HealthState;

namespace {

const model::TargetGroupId kGroup{"g"};
constexpr std::int64_t kInterval_ms = 5000;

GroupSet group_of(std::size_t count, std::int64_t interval_ms = kInterval_ms) {
    GroupSet set;
    set.id = kGroup;
    set.generation = 3;
    set.settings.emplace();
    set.settings->timeout = Nanos::seconds(2);
    set.settings->interval = Nanos::milliseconds(interval_ms);
    for (std::size_t i = 0; i < count; ++i) {
        contract::Target target;
        target.group = kGroup;
        target.target = model::TargetId{"t" + std::to_string(i)};
        target.address = IpAddress::parse("10.0.0.1").value();
        target.port = 1 + i;
        set.targets.push_back(target);
    }
    return set;
}

const ProbeResult kPassed{ProbeOutcome::Passed, ""};
const ProbeResult kFailed{ProbeOutcome::Refused, "TCP 10.0.0.1:1: connect: Connection refused"};

/// Runs the plan to `end`, every check taking no time; returns the starts of each slot.
std::map<std::uint32_t, std::vector<Nanos>> run(Plan& plan, Nanos end,
                                                const ProbeResult& result = kPassed) {
    std::map<std::uint32_t, std::vector<Nanos>> starts;
    while (plan.deadline() <= end) {
        const Nanos now = plan.deadline();
        const auto slot = plan.start_due(now);
        BOOST_REQUIRE(slot.has_value());
        starts[slot->index].push_back(now);
        plan.finish(*slot, result, now);
    }
    return starts;
}

HealthState state(const Plan& plan, std::size_t index, Nanos now) {
    return std::get<contract::TargetHealth>(plan.snapshot(kGroup, now).lines.at(index)).state;
}

} // namespace

BOOST_AUTO_TEST_SUITE(health_plan)

BOOST_AUTO_TEST_CASE(ten_thousand_targets_spread_over_the_interval) {
    constexpr std::size_t kCount = 10'000;
    Plan plan(42);
    plan.apply(group_of(kCount), {});
    const Nanos interval = Nanos::milliseconds(kInterval_ms);
    const auto starts = run(plan, Nanos::seconds(60));
    BOOST_TEST(starts.size() == kCount);
    std::vector<int> tenths(10);
    for (const auto& [slot, times] : starts) {
        BOOST_REQUIRE(times.size() >= 10U);
        BOOST_REQUIRE((times[0] <= interval));
        for (std::size_t i = 2; i < times.size(); ++i)
            BOOST_REQUIRE((times[i] - times[i - 1]).ns == interval.ns);
        BOOST_REQUIRE((times[1] - times[0]).ns >= interval.ns / 2);
        ++tenths[static_cast<std::size_t>(times.back().ns % interval.ns * 10 / interval.ns)];
    }
    for (const int count : tenths)
        BOOST_TEST(count > 800, "a tenth of the interval has " << count << " of 10000 checks");
}

BOOST_AUTO_TEST_CASE(the_seed_decides_the_schedule) {
    Plan one(7);
    Plan same(7);
    Plan other(8);
    for (Plan* plan : {&one, &same, &other})
        plan->apply(group_of(50), {});
    const auto starts = run(one, Nanos::seconds(20));
    BOOST_TEST((starts == run(same, Nanos::seconds(20))));
    BOOST_TEST((starts != run(other, Nanos::seconds(20))));
}

BOOST_AUTO_TEST_CASE(an_equal_set_keeps_schedule_and_state) {
    Plan plan(1);
    Plan undisturbed(1);
    plan.apply(group_of(20), {});
    undisturbed.apply(group_of(20), {});
    run(plan, Nanos::seconds(9));
    run(undisturbed, Nanos::seconds(9));
    BOOST_TEST(plan.apply(group_of(20), Nanos::seconds(9)).empty());
    BOOST_TEST((state(plan, 0, Nanos::seconds(9)) == HealthState::Healthy));
    BOOST_TEST((run(plan, Nanos::seconds(30)) == run(undisturbed, Nanos::seconds(30))));
}

BOOST_AUTO_TEST_CASE(a_running_check_of_a_target_that_vanishes_is_void) {
    Plan plan(1);
    plan.apply(group_of(2), {});
    const auto slot = plan.start_due(Nanos::seconds(1));
    BOOST_REQUIRE(slot.has_value());
    const auto stopped = plan.apply(group_of(0), Nanos::seconds(1));
    BOOST_REQUIRE(stopped.size() == 1U);
    BOOST_TEST((stopped[0] == *slot));
    BOOST_TEST(!plan.is_running(*slot));
    BOOST_TEST(plan.targets() == 0U);
    BOOST_TEST(plan.deadline().is_never());
    plan.apply(group_of(2), Nanos::seconds(2));
    BOOST_TEST(!plan.is_running(*slot)); // the place is taken again, the life is another
}

BOOST_AUTO_TEST_CASE(another_address_is_a_new_target_and_other_settings_are_not) {
    Plan plan(1);
    plan.apply(group_of(2), {});
    run(plan, Nanos::seconds(9));
    plan.apply(group_of(2, 7000), Nanos::seconds(9));
    BOOST_TEST((state(plan, 0, Nanos::seconds(9)) == HealthState::Healthy));
    GroupSet moved = group_of(2, 7000);
    moved.targets[0].port = 999;
    plan.apply(std::move(moved), Nanos::seconds(9));
    BOOST_TEST((state(plan, 0, Nanos::seconds(9)) == HealthState::Initial));
    BOOST_TEST((state(plan, 1, Nanos::seconds(9)) == HealthState::Healthy));
}

BOOST_AUTO_TEST_CASE(a_slow_check_misses_turns_and_keeps_its_phase) {
    Plan plan(3);
    plan.apply(group_of(1), {});
    plan.finish(*plan.start_due(plan.deadline()), kPassed, {});
    const Nanos second = plan.deadline();
    const auto slot = plan.start_due(second);
    BOOST_TEST(plan.deadline().is_never()); // one check in flight per target
    plan.finish(*slot, kFailed, second + Nanos::milliseconds(12'000));
    BOOST_TEST((plan.deadline() == second + Nanos::milliseconds(3 * kInterval_ms)));
}

BOOST_AUTO_TEST_CASE(messages_carry_the_published_words) {
    Plan plan(1);
    plan.apply(group_of(1), {});
    auto set = plan.snapshot(kGroup, {});
    BOOST_TEST(set.generation == 3U);
    auto health = std::get<contract::TargetHealth>(set.lines.at(0));
    BOOST_TEST(*health.description == "Initial health checks in progress");
    run(plan, Nanos::seconds(14), kFailed);
    health = std::get<contract::TargetHealth>(plan.snapshot(kGroup, Nanos::seconds(14)).lines[0]);
    BOOST_TEST((health.state == HealthState::Unhealthy));
    BOOST_TEST((health.reason == model::HealthReason::TargetFailedHealthChecks));
    BOOST_TEST(*health.description == "Health checks failed: " + kFailed.text);
    run(plan, Nanos::seconds(60), kPassed);
    health = std::get<contract::TargetHealth>(plan.snapshot(kGroup, Nanos::seconds(60)).lines[0]);
    BOOST_TEST((health.state == HealthState::Healthy));
    BOOST_TEST(!health.reason.has_value());
    BOOST_TEST(!health.description.has_value());
}

BOOST_AUTO_TEST_CASE(a_refused_group_is_unavailable_and_never_due) {
    Plan plan(1);
    GroupSet set = group_of(3);
    set.settings.reset();
    set.refusal = "check_interval_ms 0 must be 10 to 300000";
    plan.apply(std::move(set), {});
    BOOST_TEST(plan.deadline().is_never());
    BOOST_TEST((state(plan, 2, {}) == HealthState::Unavailable));
    plan.apply(group_of(3), Nanos::seconds(1));
    BOOST_TEST((state(plan, 2, Nanos::seconds(1)) == HealthState::Initial));
    BOOST_TEST(!plan.deadline().is_never());
}

BOOST_AUTO_TEST_CASE(a_check_that_lasts_the_whole_interval_misses_no_turn) {
    Plan plan(3);
    plan.apply(group_of(1, 100), {});
    plan.finish(*plan.start_due(plan.deadline()), kPassed, {});
    const Nanos second = plan.deadline();
    plan.finish(*plan.start_due(second), kFailed, second + Nanos{100'300'000});
    BOOST_TEST((plan.deadline() == second + Nanos::milliseconds(100)));
    plan.finish(*plan.start_due(second + Nanos{100'300'000}), kFailed,
                second + Nanos::milliseconds(250)); // in the middle of a turn: that one is missed
    BOOST_TEST((plan.deadline() == second + Nanos::milliseconds(300)));
}

BOOST_AUTO_TEST_CASE(a_changing_state_is_checked_at_the_fast_interval) {
    Plan plan(3);
    GroupSet set = group_of(1);
    set.settings->fast_interval = Nanos::milliseconds(200);
    plan.apply(std::move(set), {});
    Nanos last;
    const auto step = [&](const ProbeResult& result) {
        last = plan.deadline();
        plan.finish(*plan.start_due(last), result, last);
        return (plan.deadline() - last).ns / 1'000'000;
    };
    step(kPassed);
    BOOST_TEST(step(kPassed) == kInterval_ms);
    BOOST_TEST(step(kFailed) == 200);
    BOOST_TEST(step(kFailed) == kInterval_ms); // unhealthy, and stays so
    BOOST_TEST(step(kPassed) == 200);
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(step(kPassed) == 200);
    BOOST_TEST(step(kPassed) == kInterval_ms); // healthy again
}

namespace {

contract::TargetHealth told(const Plan& plan, std::size_t index, Nanos now) {
    return std::get<contract::TargetHealth>(plan.snapshot(kGroup, now).lines.at(index));
}

contract::TargetEvidence evidence(const char* kind, std::uint64_t count) {
    return {kGroup, model::TargetId{"t0"}, "zone-a", kind, count};
}

} // namespace

BOOST_AUTO_TEST_CASE(unused_targets_are_not_checked_and_say_why) {
    Plan plan(1);
    GroupSet set = group_of(3);
    set.targets[0].state = HealthState::Unused;
    set.targets[1].state = HealthState::Unused;
    set.targets[1].reason = model::HealthReason::TargetInvalidState;
    set.targets[1].description = "Target is in the stopped state";
    plan.apply(set, {});
    const auto starts = run(plan, Nanos::seconds(20));
    BOOST_TEST(starts.size() == 1U);
    const auto first = told(plan, 0, {});
    BOOST_TEST((first.state == HealthState::Unused));
    BOOST_TEST((first.reason == model::HealthReason::TargetNotInUse));
    BOOST_TEST(*first.description ==
               "Target group is not configured to receive traffic from the load balancer");
    BOOST_TEST(*told(plan, 1, {}).description == "Target is in the stopped state");
    BOOST_TEST((told(plan, 1, {}).reason == model::HealthReason::TargetInvalidState));
    BOOST_TEST(!plan.take_evidence(evidence("refused", 9), {}).has_value());

    plan.apply(group_of(3), Nanos::seconds(20)); // in use: as new
    BOOST_TEST((told(plan, 0, Nanos::seconds(20)).state == HealthState::Initial));
    BOOST_TEST((told(plan, 2, Nanos::seconds(20)).state == HealthState::Healthy));
    BOOST_TEST(run(plan, Nanos::seconds(40)).size() == 3U);
    BOOST_TEST((told(plan, 0, Nanos::seconds(40)).state == HealthState::Healthy));

    const auto slot = plan.start_due(plan.deadline());
    GroupSet unused = group_of(3);
    for (auto& target : unused.targets)
        target.state = HealthState::Unused;
    const auto stopped = plan.apply(std::move(unused), Nanos::seconds(41));
    BOOST_REQUIRE(stopped.size() == 1U);
    BOOST_TEST((stopped[0] == *slot));
    BOOST_TEST(!plan.start_due(Nanos::seconds(100)).has_value());
    BOOST_TEST(told(plan, 0, Nanos::seconds(42)).since_ns.value() == 1'000'000'000U);
}

BOOST_AUTO_TEST_CASE(draining_targets_are_checked_on_and_told_of_when_they_fail) {
    Plan plan(1);
    plan.apply(group_of(1), {});
    run(plan, Nanos::seconds(20));
    GroupSet set = group_of(1);
    set.targets[0].state = HealthState::Draining;
    BOOST_TEST(plan.apply(set, Nanos::seconds(20)).empty());
    const auto draining = told(plan, 0, Nanos::seconds(21));
    BOOST_TEST((draining.state == HealthState::Draining));
    BOOST_TEST((draining.reason == model::HealthReason::TargetDeregistrationInProgress));
    BOOST_TEST(*draining.description == "Target deregistration is in progress");
    BOOST_TEST(draining.since_ns.value() == 1'000'000'000U);
    run(plan, Nanos::seconds(60), kFailed);
    BOOST_TEST((told(plan, 0, Nanos::seconds(60)).state == HealthState::Unhealthy));
    run(plan, Nanos::seconds(120));
    BOOST_TEST((told(plan, 0, Nanos::seconds(120)).state == HealthState::Draining));
    plan.apply(group_of(1), Nanos::seconds(120)); // registered again: what checks say holds on
    BOOST_TEST((told(plan, 0, Nanos::seconds(120)).state == HealthState::Healthy));
}

BOOST_AUTO_TEST_CASE(flows_take_a_target_out_and_checks_bring_it_back) {
    Plan plan(1);
    plan.apply(group_of(2), {});
    run(plan, Nanos::seconds(20));
    BOOST_TEST(!plan.take_evidence(evidence("refused", 1), Nanos::seconds(20)).has_value());
    BOOST_TEST(!plan.take_evidence(evidence("bored", 9), Nanos::seconds(20)).has_value());
    const auto change = plan.take_evidence(evidence("silent", 2), Nanos::seconds(20));
    BOOST_REQUIRE(change.has_value());
    BOOST_TEST((change->now == HealthState::Unhealthy));
    const auto out = plan.health(change->slot, Nanos::seconds(20));
    BOOST_TEST(*out.description == "Health checks failed: 2 flows of zone 'zone-a' silent");
    BOOST_TEST((told(plan, 1, Nanos::seconds(20)).state == HealthState::Healthy));
    run(plan, Nanos::seconds(60));
    BOOST_TEST((told(plan, 0, Nanos::seconds(60)).state == HealthState::Healthy));
    BOOST_TEST(plan.evidence() == 2U);

    GroupSet udp = group_of(2);
    udp.settings->is_udp = true;
    plan.apply(std::move(udp), Nanos::seconds(60));
    BOOST_TEST(!plan.take_evidence(evidence("silent", 99), Nanos::seconds(60)).has_value());
}

/// Whatever comes in whatever order, a message is one the guide's table of states and reason codes
/// has [p.53].
BOOST_AUTO_TEST_CASE(no_sequence_makes_a_state_without_its_reason) {
    using enum model::HealthReason;
    const std::map<HealthState, std::set<model::HealthReason>> table{
        {HealthState::Initial, {ElbRegistrationInProgress, ElbInitialHealthChecking}},
        {HealthState::Unhealthy, {TargetFailedHealthChecks}},
        {HealthState::Unused,
         {TargetNotRegistered, TargetNotInUse, TargetInvalidState, TargetIpUnusable}},
        {HealthState::Draining, {TargetDeregistrationInProgress}},
        {HealthState::Unavailable, {ElbInternalError}}};
    std::mt19937 engine(4711);
    const auto below = [&](int limit) {
        return std::uniform_int_distribution<int>(0, limit - 1)(engine);
    };
    const std::array results{kPassed, kFailed, ProbeResult{ProbeOutcome::InternalError, "x"}};
    for (int round = 0; round < 200; ++round) {
        Plan plan(static_cast<std::uint64_t>(round));
        Nanos now;
        plan.apply(group_of(3), now);
        for (int i = 0; i < 100; ++i) {
            if (below(10) == 0) {
                GroupSet set = group_of(static_cast<std::size_t>(1 + below(4)));
                for (auto& target : set.targets) {
                    if (below(3) == 0)
                        target.state = below(2) == 0 ? HealthState::Unused : HealthState::Draining;
                }
                if (below(8) == 0) {
                    set.settings.reset();
                    set.refusal = "bad";
                }
                plan.apply(std::move(set), now);
            }
            if (below(5) == 0) plan.take_evidence(evidence("reset", 1), now);
            if (!plan.deadline().is_never()) now = std::max(now, plan.deadline());
            if (const auto slot = plan.start_due(now))
                plan.finish(*slot, results[static_cast<std::size_t>(below(3))], now);
            for (const contract::Message& line : plan.snapshot(kGroup, now).lines) {
                const auto& health = std::get<contract::TargetHealth>(line);
                if (health.state == HealthState::Healthy) {
                    BOOST_REQUIRE((!health.reason && !health.description));
                    continue;
                }
                BOOST_REQUIRE(health.reason.has_value());
                BOOST_REQUIRE(table.at(health.state).contains(*health.reason));
                BOOST_REQUIRE(health.description->starts_with(description_of(*health.reason)));
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
