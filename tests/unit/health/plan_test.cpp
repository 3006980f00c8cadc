// SPDX-License-Identifier: Apache-2.0
#include "health/plan.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
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
    set.refusal = "HTTPS checks are not built yet";
    plan.apply(std::move(set), {});
    BOOST_TEST(plan.deadline().is_never());
    BOOST_TEST((state(plan, 2, {}) == HealthState::Unavailable));
    plan.apply(group_of(3), Nanos::seconds(1));
    BOOST_TEST((state(plan, 2, Nanos::seconds(1)) == HealthState::Initial));
    BOOST_TEST(!plan.deadline().is_never());
}

BOOST_AUTO_TEST_SUITE_END()
