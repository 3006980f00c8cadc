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
    BOOST_TEST(publisher.publish().route_sets.empty());
    BOOST_TEST(
        publisher.take(line("web", "10.0.1.1", HealthState::Healthy), kReporter).has_value());
    const Published published = publisher.publish();
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
    BOOST_TEST(publisher.publish().route_sets.size() == 2U);
    BOOST_TEST(publisher.generation() == 2U);
    BOOST_TEST(!publisher.take(line("web", "10.0.1.1", HealthState::Healthy), kReporter));
    BOOST_TEST(publisher.publish().route_sets.empty());
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
    Published published = publisher.publish();
    BOOST_REQUIRE(published.modes.size() == 2U); // zone b has no target: never enough healthy ones
    BOOST_TEST((published.modes[0].zone == model::ZoneName{"a"}));
    BOOST_TEST((published.modes[0].before == RouteReason::FailOpen));
    BOOST_TEST((published.modes[0].after == RouteReason::Healthy));
    BOOST_TEST((published.modes[1].after == RouteReason::UnhealthyStateRouting));
    publisher.take(line("web", "10.0.1.2", HealthState::Healthy), kReporter);
    BOOST_TEST(publisher.publish().modes.empty());
}

BOOST_AUTO_TEST_CASE(reports_on_unknown_targets_and_groups_change_nothing) {
    Publisher publisher(two_groups());
    BOOST_TEST(!publisher.take(line("web", "10.9.9.9", HealthState::Healthy), kReporter));
    BOOST_TEST(!publisher.take(line("none", "10.0.1.1", HealthState::Healthy), kReporter));
    BOOST_TEST(publisher.take(health_set("none", {}), kReporter).empty());
    BOOST_TEST(publisher.strangers() == 3U);
    BOOST_TEST(publisher.publish().route_sets.empty());
}

BOOST_AUTO_TEST_CASE(a_health_set_replaces_what_was_known_of_the_group) {
    Publisher publisher(two_groups());
    publisher.take(line("web", "10.0.1.1", HealthState::Healthy), kReporter);
    publisher.publish();
    const auto changes = publisher.take(
        health_set("web", {line("web", "10.0.1.2", HealthState::Healthy)}), kReporter);
    BOOST_TEST(changes.size() == 2U);
    BOOST_TEST((publisher.publish().route_sets == std::vector{group_id("web")}));
    BOOST_TEST((eligible(publisher, "web")["a"] == std::set<std::string>{"10.0.1.2:8080"}));
}

BOOST_AUTO_TEST_CASE(a_new_reporter_that_starts_with_initial_changes_nothing) {
    Publisher publisher(two_groups());
    publisher.take(line("web", "10.0.1.1", HealthState::Healthy), kReporter);
    publisher.take(line("web", "10.0.1.2", HealthState::Unhealthy), kReporter);
    publisher.publish();
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
    publisher.publish();
    BOOST_TEST(publisher.reload(two_groups()).route_sets.empty());
    BOOST_TEST(publisher.generation() == 2U);
    model::Configuration next = two_groups();
    next.target_groups[0].targets.erase(next.target_groups[0].targets.begin() + 1);
    next.target_groups[0].targets.push_back(scene::target("10.0.1.3", "a"));
    const Published published = publisher.reload(next);
    BOOST_TEST((published.route_sets == std::vector{group_id("web")}));
    BOOST_TEST((published.target_sets == std::vector{group_id("web")}));
    BOOST_TEST(publisher.generation() == 3U);
    BOOST_TEST((eligible(publisher, "web")["a"] == std::set<std::string>{"10.0.1.1:8080"}));
}

BOOST_AUTO_TEST_CASE(a_target_with_a_new_address_is_a_new_target) {
    Publisher publisher(two_groups());
    publisher.take(line("web", "10.0.1.1", HealthState::Healthy), kReporter);
    publisher.publish();
    model::Configuration next = two_groups();
    next.target_groups[0].targets[0].address = scene::ip("10.0.1.77");
    publisher.reload(next);
    BOOST_TEST(eligible(publisher, "web")["a"].size() == 2U); // fails open again
}

BOOST_AUTO_TEST_CASE(a_group_that_is_no_longer_used_is_published_once_and_empty) {
    Publisher publisher(two_groups());
    model::Configuration next = two_groups();
    next.load_balancers[0].listeners.pop_back();
    const Published published = publisher.reload(next);
    BOOST_TEST((published.route_sets == std::vector{group_id("api")}));
    BOOST_TEST((published.target_sets == std::vector{group_id("api")}));
    const auto sets = publisher.route_sets(published.route_sets);
    BOOST_TEST(sets.at(0).lines.empty());
    BOOST_TEST(sets.at(0).generation == 2U);
    BOOST_TEST(publisher.reload(next).route_sets.empty());
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
