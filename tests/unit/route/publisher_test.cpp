// SPDX-License-Identifier: Apache-2.0
#include "unit/route/scene.hpp"

#include "route/publisher.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb;
using namespace nlb::route;
using model::HealthReason;
using model::HealthState;
using model::RouteReason;

namespace {

const std::string kReporter = "00000000000000aa";
constexpr WallTime kNow{1'700'000'000'000};

/// Groups web (port 80) and api (port 81), two targets each in zone a.
model::Configuration two_groups() {
    model::Configuration configuration = scene::two_zones();
    configuration.target_groups.push_back(scene::group("api"));
    configuration.load_balancers[0].listeners.push_back(scene::listener("api", 81));
    for (model::TargetGroup& group : configuration.target_groups) {
        group.targets = {scene::target("10.0.1.1", "a"), scene::target("10.0.1.2", "a")};
    }
    return configuration;
}

model::TargetGroupId group_id(const std::string& name) {
    return scene::group(name).id;
}

contract::TargetHealth line(const std::string& group, const std::string& address,
                            HealthState state) {
    contract::TargetHealth out;
    out.group = group_id(group);
    out.target = model::TargetId{address + ":8080"};
    out.state = state;
    if (state == HealthState::Unhealthy) out.reason = HealthReason::TargetFailedHealthChecks;
    if (state == HealthState::Initial) out.reason = HealthReason::ElbInitialHealthChecking;
    return out;
}

contract::Set health_set(const std::string& group, std::vector<contract::Message> lines) {
    return {contract::SetKind::TargetHealth, group_id(group), 1, false, std::move(lines)};
}

/// Eligible targets by zone, as the route-set of the group says.
std::map<std::string, std::set<std::string>> eligible(const Publisher& publisher,
                                                      const std::string& group) {
    std::map<std::string, std::set<std::string>> out;
    const auto sets = publisher.route_sets({group_id(group)});
    for (const contract::Message& message : sets.at(0).lines) {
        const auto* route = std::get_if<contract::Route>(&message);
        if (route != nullptr && route->eligible) out[route->zone].insert(route->target.value);
    }
    return out;
}

const std::vector<model::TargetGroupId> kNone;

} // namespace

BOOST_AUTO_TEST_SUITE(route_publisher)

BOOST_AUTO_TEST_CASE(only_the_group_whose_routes_changed_is_published) {
    Publisher publisher(two_groups());
    BOOST_TEST(publisher.generation() == 1U);
    BOOST_TEST(publisher.publish(kNow).route_sets.empty());
    BOOST_TEST(
        publisher.take(line("web", "10.0.1.1", HealthState::Healthy), kReporter).has_value());
    const Published published = publisher.publish(kNow);
    BOOST_TEST((published.route_sets == std::vector{group_id("web")}));
    BOOST_TEST((published.target_sets == kNone));
    BOOST_TEST(publisher.generation() == 2U);
    BOOST_TEST((eligible(publisher, "web")["a"] == std::set<std::string>{"10.0.1.1:8080"}));
    BOOST_TEST(eligible(publisher, "api")["a"].size() == 2U); // still fails open
}

BOOST_AUTO_TEST_CASE(lines_that_come_together_are_one_generation) {
    Publisher publisher(two_groups());
    publisher.take(line("web", "10.0.1.1", HealthState::Healthy), kReporter);
    publisher.take(line("web", "10.0.1.2", HealthState::Healthy), kReporter);
    publisher.take(line("api", "10.0.1.1", HealthState::Healthy), kReporter);
    BOOST_TEST(publisher.publish(kNow).route_sets.size() == 2U);
    BOOST_TEST(publisher.generation() == 2U);
    BOOST_TEST(!publisher.take(line("web", "10.0.1.1", HealthState::Healthy), kReporter));
    BOOST_TEST(publisher.publish(kNow).route_sets.empty());
    BOOST_TEST(publisher.generation() == 2U);
}

BOOST_AUTO_TEST_CASE(sets_of_one_generation_are_chained) {
    const Publisher publisher(two_groups());
    const auto sets = publisher.route_sets(publisher.everything());
    BOOST_REQUIRE(sets.size() == 2U);
    BOOST_TEST(sets[0].more);
    BOOST_TEST(!sets[1].more);
    BOOST_TEST((sets[0].scope == group_id("web")));
    BOOST_TEST((sets[1].kind == contract::SetKind::RouteSet));
    BOOST_TEST((publisher.target_sets(publisher.everything())[1].lines.size() == 3U));
}

BOOST_AUTO_TEST_CASE(a_node_that_starts_to_fail_open_is_told_once) {
    Publisher publisher(two_groups());
    publisher.take(line("web", "10.0.1.1", HealthState::Healthy), kReporter);
    Published published = publisher.publish(kNow);
    BOOST_REQUIRE(published.modes.size() == 2U); // zone b has no target: never enough healthy ones
    BOOST_TEST((published.modes[0].zone == model::ZoneName{"a"}));
    BOOST_TEST((published.modes[0].before == RouteReason::FailOpen));
    BOOST_TEST((published.modes[0].after == RouteReason::Healthy));
    BOOST_TEST((published.modes[1].after == RouteReason::UnhealthyStateRouting));
    publisher.take(line("web", "10.0.1.2", HealthState::Healthy), kReporter);
    BOOST_TEST(publisher.publish(kNow).modes.empty());
}

BOOST_AUTO_TEST_CASE(reports_on_unknown_targets_and_groups_change_nothing) {
    Publisher publisher(two_groups());
    BOOST_TEST(!publisher.take(line("web", "10.9.9.9", HealthState::Healthy), kReporter));
    BOOST_TEST(!publisher.take(line("none", "10.0.1.1", HealthState::Healthy), kReporter));
    BOOST_TEST(publisher.take(health_set("none", {}), kReporter).empty());
    BOOST_TEST(publisher.strangers() == 3U);
    BOOST_TEST(publisher.publish(kNow).route_sets.empty());
}

BOOST_AUTO_TEST_CASE(a_health_set_replaces_what_was_known_of_the_group) {
    Publisher publisher(two_groups());
    publisher.take(line("web", "10.0.1.1", HealthState::Healthy), kReporter);
    publisher.publish(kNow);
    const auto changes = publisher.take(
        health_set("web", {line("web", "10.0.1.2", HealthState::Healthy)}), kReporter);
    BOOST_TEST(changes.size() == 2U);
    BOOST_TEST((publisher.publish(kNow).route_sets == std::vector{group_id("web")}));
    BOOST_TEST((eligible(publisher, "web")["a"] == std::set<std::string>{"10.0.1.2:8080"}));
}

BOOST_AUTO_TEST_CASE(a_new_reporter_that_starts_with_initial_changes_nothing) {
    Publisher publisher(two_groups());
    publisher.take(line("web", "10.0.1.1", HealthState::Healthy), kReporter);
    publisher.take(line("web", "10.0.1.2", HealthState::Unhealthy), kReporter);
    publisher.publish(kNow);
    const std::string restarted = "00000000000000bb";
    BOOST_TEST(publisher
                   .take(health_set("web", {line("web", "10.0.1.1", HealthState::Initial),
                                            line("web", "10.0.1.2", HealthState::Initial)}),
                         restarted)
                   .empty());
    BOOST_TEST((eligible(publisher, "web")["a"] == std::set<std::string>{"10.0.1.1:8080"}));
    // What the new one finds out counts, and from then on its `initial` does, too.
    BOOST_TEST(
        publisher.take(line("web", "10.0.1.2", HealthState::Healthy), restarted).has_value());
    BOOST_TEST(
        publisher.take(line("web", "10.0.1.2", HealthState::Initial), restarted).has_value());
    // The reporter of a state may take it back.
    BOOST_TEST(
        publisher.take(line("web", "10.0.1.1", HealthState::Initial), kReporter).has_value());
}

BOOST_AUTO_TEST_CASE(a_reload_keeps_the_health_of_what_still_exists) {
    Publisher publisher(two_groups());
    publisher.take(line("web", "10.0.1.1", HealthState::Healthy), kReporter);
    publisher.take(line("web", "10.0.1.2", HealthState::Healthy), kReporter);
    publisher.publish(kNow);
    BOOST_TEST(publisher.reload(two_groups(), kNow).route_sets.empty());
    BOOST_TEST(publisher.generation() == 2U);
    model::Configuration next = two_groups();
    next.target_groups[0].targets.erase(next.target_groups[0].targets.begin() + 1);
    next.target_groups[0].targets.push_back(scene::target("10.0.1.3", "a"));
    const Published published = publisher.reload(next, kNow);
    BOOST_TEST((published.route_sets == std::vector{group_id("web")}));
    BOOST_TEST((published.target_sets == std::vector{group_id("web")}));
    BOOST_TEST(publisher.generation() == 3U);
    BOOST_TEST((eligible(publisher, "web")["a"] == std::set<std::string>{"10.0.1.1:8080"}));
}

namespace {

/// web without its second target.
model::Configuration without_second(bool terminates) {
    model::Configuration next = two_groups();
    next.target_groups[0].targets.pop_back();
    next.target_groups[0].attributes.deregistration_delay_timeout_seconds = 120;
    next.target_groups[0].attributes.deregistration_delay_connection_termination_enabled =
        terminates;
    return next;
}

/// The first line about 10.0.1.2 of group web.
template <class Line>
std::optional<Line> line_of_second(const std::vector<contract::Set>& sets) {
    for (const contract::Message& message : sets.at(0).lines) {
        const auto* line = std::get_if<Line>(&message);
        if (line != nullptr && line->target.value == "10.0.1.2:8080") return *line;
    }
    return std::nullopt;
}

std::optional<contract::Route> route_of_second(const Publisher& publisher) {
    return line_of_second<contract::Route>(publisher.route_sets({group_id("web")}));
}

} // namespace

BOOST_AUTO_TEST_CASE(a_target_that_is_removed_drains_until_its_delay_ends) {
    Publisher publisher(two_groups());
    publisher.take(line("web", "10.0.1.2", HealthState::Healthy), kReporter);
    publisher.publish(kNow);
    publisher.reload(without_second(false), kNow);
    const auto route = route_of_second(publisher);
    BOOST_REQUIRE(route.has_value());
    BOOST_TEST(!route->eligible);
    BOOST_TEST((route->reason == RouteReason::Draining));
    BOOST_TEST((route->state_reason == HealthReason::TargetDeregistrationInProgress));
    BOOST_TEST(!route->terminated.has_value());
    const auto checked = line_of_second<contract::Target>(publisher.target_sets({group_id("web")}));
    BOOST_REQUIRE(checked.has_value());
    BOOST_TEST((checked->state == HealthState::Draining));
    BOOST_TEST((publisher.deadline() == kNow.after_seconds(120)));
    publisher.tick(kNow.after_seconds(119));
    BOOST_TEST(publisher.publish(kNow).route_sets.empty());
    publisher.tick(kNow.after_seconds(120));
    const Published published = publisher.publish(kNow);
    BOOST_TEST((published.route_sets == std::vector{group_id("web")}));
    BOOST_TEST((published.target_sets == std::vector{group_id("web")}));
    BOOST_TEST(!route_of_second(publisher).has_value()); // its connections go on by themselves
    BOOST_TEST(publisher.deadline().is_never());
}

BOOST_AUTO_TEST_CASE(connections_are_terminated_after_the_delay_when_the_group_says_so) {
    Publisher publisher(two_groups());
    publisher.reload(without_second(true), kNow);
    BOOST_TEST(!route_of_second(publisher)->terminated.has_value());
    publisher.tick(kNow.after_seconds(120));
    BOOST_TEST(publisher.publish(kNow).route_sets.size() == 1U);
    const auto route = route_of_second(publisher);
    BOOST_REQUIRE(route.has_value());
    BOOST_TEST(route->terminated.value_or(false));
    BOOST_TEST((route->state == HealthState::Unused));
    BOOST_TEST((route->state_reason == HealthReason::TargetNotRegistered));
    BOOST_TEST(!line_of_second<contract::Target>(publisher.target_sets({group_id("web")})));
    publisher.tick(publisher.deadline());
    publisher.publish(kNow);
    BOOST_TEST(!route_of_second(publisher).has_value());
    BOOST_TEST(publisher.deadline().is_never());
}

BOOST_AUTO_TEST_CASE(a_draining_target_may_be_registered_again_and_keeps_its_health) {
    Publisher publisher(two_groups());
    publisher.take(line("web", "10.0.1.1", HealthState::Unhealthy), kReporter);
    publisher.take(line("web", "10.0.1.2", HealthState::Healthy), kReporter);
    publisher.publish(kNow);
    publisher.reload(without_second(true), kNow);
    publisher.reload(two_groups(), kNow.after_seconds(60));
    BOOST_TEST((eligible(publisher, "web")["a"] == std::set<std::string>{"10.0.1.2:8080"}));
    BOOST_TEST(publisher.deadline().is_never());
    // Deregistered once more, it drains for a whole delay.
    publisher.reload(without_second(true), kNow.after_seconds(70));
    BOOST_TEST((publisher.deadline() == kNow.after_seconds(190)));
}

BOOST_AUTO_TEST_CASE(a_draining_target_that_fails_its_checks_loses_its_connections) {
    Publisher publisher(two_groups());
    publisher.take(line("web", "10.0.1.1", HealthState::Healthy), kReporter);
    publisher.take(line("web", "10.0.1.2", HealthState::Healthy), kReporter);
    publisher.publish(kNow);
    publisher.reload(without_second(false), kNow);
    publisher.take(line("web", "10.0.1.2", HealthState::Unhealthy), kReporter);
    BOOST_TEST(publisher.publish(kNow).route_sets.size() == 1U);
    const auto route = route_of_second(publisher);
    BOOST_REQUIRE(route.has_value());
    BOOST_TEST(route->terminated.value_or(false));
    BOOST_TEST((route->state == HealthState::Draining)); // the guide knows no other state for it
}

BOOST_AUTO_TEST_CASE(connections_of_an_unhealthy_target_end_unless_the_group_keeps_them) {
    for (const bool terminates : {true, false}) {
        model::Configuration configuration = two_groups();
        configuration.target_groups[0].attributes.unhealthy_connection_termination_enabled =
            terminates;
        Publisher publisher(std::move(configuration));
        publisher.take(line("web", "10.0.1.1", HealthState::Healthy), kReporter);
        publisher.take(line("web", "10.0.1.2", HealthState::Unhealthy), kReporter);
        publisher.publish(kNow);
        const auto route = route_of_second(publisher);
        BOOST_REQUIRE(route.has_value());
        BOOST_TEST((route->state == HealthState::Unhealthy));
        BOOST_TEST(route->kept.value_or(false) == !terminates);
        BOOST_TEST(publisher.deadline().is_never());
    }
}

BOOST_AUTO_TEST_CASE(a_draining_interval_begins_when_a_target_turns_unhealthy_and_ends) {
    model::Configuration configuration = two_groups();
    auto& attributes = configuration.target_groups[0].attributes;
    attributes.unhealthy_connection_termination_enabled = false;
    attributes.unhealthy_draining_interval_seconds = 60;
    Publisher publisher(configuration);
    const auto say = [&](HealthState state, std::int64_t second) {
        publisher.take(line("web", "10.0.1.2", state), kReporter);
        publisher.publish(kNow.after_seconds(second));
        return route_of_second(publisher)->state;
    };
    publisher.take(line("web", "10.0.1.1", HealthState::Healthy), kReporter);
    BOOST_TEST((say(HealthState::Unhealthy, 0) == HealthState::UnhealthyDraining));
    BOOST_TEST(!route_of_second(publisher)->eligible);
    BOOST_TEST((publisher.deadline() == kNow.after_seconds(60)));
    BOOST_TEST((say(HealthState::Healthy, 30) == HealthState::Healthy)); // it came back meanwhile
    BOOST_TEST(publisher.deadline().is_never());
    BOOST_TEST((say(HealthState::Unhealthy, 40) == HealthState::UnhealthyDraining));
    publisher.reload(configuration, kNow.after_seconds(50)); // begins nothing anew
    publisher.tick(kNow.after_seconds(99));
    BOOST_TEST(publisher.publish(kNow.after_seconds(99)).route_sets.empty());
    publisher.tick(kNow.after_seconds(100));
    BOOST_TEST(publisher.publish(kNow.after_seconds(100)).route_sets.size() == 1U);
    BOOST_TEST((route_of_second(publisher)->state == HealthState::Unhealthy));
    BOOST_TEST(!route_of_second(publisher)->kept.has_value());
    BOOST_TEST(publisher.deadline().is_never());
}

BOOST_AUTO_TEST_CASE(without_a_delay_a_removed_target_is_gone_at_once) {
    Publisher publisher(two_groups());
    model::Configuration next = without_second(false);
    next.target_groups[0].attributes.deregistration_delay_timeout_seconds = 0;
    publisher.reload(next, kNow);
    BOOST_TEST(!route_of_second(publisher).has_value());
    BOOST_TEST(publisher.deadline().is_never());
}

BOOST_AUTO_TEST_CASE(a_shift_ends_when_it_expires) {
    Publisher publisher(two_groups());
    const model::LoadBalancerId front{"net/front/0000000000000002"};
    publisher.shift({front, model::ZoneName{"a"}, kNow, kNow.after_seconds(60), "test"});
    const Published published = publisher.publish(kNow);
    BOOST_TEST(published.route_sets.size() == 2U);
    BOOST_REQUIRE(!published.modes.empty());
    BOOST_TEST((published.modes[0].after == RouteReason::ZonalShift));
    BOOST_TEST(eligible(publisher, "web").empty()); // all targets are in zone a
    BOOST_TEST((publisher.deadline() == kNow.after_seconds(60)));
    publisher.reload(two_groups(), kNow.after_seconds(59)); // a reload leaves it alone
    BOOST_TEST(publisher.running().shifts.size() == 1U);
    publisher.tick(kNow.after_seconds(60));
    BOOST_TEST(publisher.publish(kNow).route_sets.size() == 2U);
    BOOST_TEST(eligible(publisher, "web")["a"].size() == 2U);
    BOOST_TEST(publisher.running().shifts.empty());
}

BOOST_AUTO_TEST_CASE(what_an_earlier_process_knew_is_taken_over_as_far_as_it_fits) {
    const model::LoadBalancerId front{"net/front/0000000000000002"};
    RunningState state;
    state.shifts = {{front, model::ZoneName{"b"}, kNow, kNow.after_seconds(600), ""},
                    {model::LoadBalancerId{"net/gone/0000000000000009"}, model::ZoneName{"a"}, kNow,
                     kNow.after_seconds(600), ""}};
    const auto gone = [](const std::string& address, std::int64_t seconds) {
        return Deregistration{scene::target(address, "a"), kNow.after_seconds(seconds), false,
                              false};
    };
    state.deregistered[group_id("web")] = {gone("10.0.1.1", 60), gone("10.0.1.8", 60),
                                           gone("10.0.1.9", -1)};
    Publisher publisher(two_groups());
    publisher.restore(std::move(state), kNow);
    publisher.publish(kNow);
    BOOST_TEST(publisher.running().shifts.size() == 1U);
    const auto& left = publisher.running().deregistered.at(group_id("web"));
    BOOST_REQUIRE(left.size() == 1U); // one is registered again, the delay of another is over
    BOOST_TEST(left[0].target.id == "10.0.1.8");
}

BOOST_AUTO_TEST_CASE(a_target_with_a_new_address_is_a_new_target) {
    Publisher publisher(two_groups());
    publisher.take(line("web", "10.0.1.1", HealthState::Healthy), kReporter);
    publisher.publish(kNow);
    model::Configuration next = two_groups();
    next.target_groups[0].targets[0].address = scene::ip("10.0.1.77");
    publisher.reload(next, kNow);
    BOOST_TEST(eligible(publisher, "web")["a"].size() == 2U); // fails open again
}

BOOST_AUTO_TEST_CASE(a_group_that_is_no_longer_used_is_published_once_and_empty) {
    Publisher publisher(two_groups());
    model::Configuration next = two_groups();
    next.load_balancers[0].listeners.pop_back();
    const Published published = publisher.reload(next, kNow);
    BOOST_TEST((published.route_sets == std::vector{group_id("api")}));
    BOOST_TEST((published.target_sets == std::vector{group_id("api")}));
    const auto sets = publisher.route_sets(published.route_sets);
    BOOST_TEST(sets.at(0).lines.empty());
    BOOST_TEST(sets.at(0).generation == 2U);
    BOOST_TEST(publisher.reload(next, kNow).route_sets.empty());
    BOOST_TEST((publisher.everything() == std::vector{group_id("web")}));
}

BOOST_AUTO_TEST_CASE(without_any_group_everything_is_one_empty_set) {
    Publisher publisher(model::Configuration{});
    const auto sets = publisher.route_sets(publisher.everything());
    BOOST_REQUIRE(sets.size() == 1U);
    BOOST_TEST(sets[0].scope.empty());
    BOOST_TEST(sets[0].lines.empty());
    BOOST_TEST(!sets[0].more);
}

BOOST_AUTO_TEST_SUITE_END()
