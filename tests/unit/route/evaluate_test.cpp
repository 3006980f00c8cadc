// SPDX-License-Identifier: Apache-2.0
#include "support/slow_route.hpp"
#include "unit/route/scene.hpp"

#include "route/evaluate.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

using namespace nlb;
using namespace nlb::route;
using model::HealthReason;
using model::HealthState;
using model::RouteReason;

namespace {

/// "10.0.1.7:8080" for the seventh target of zone a, 10.0.2.x for zone b.
model::TargetId id(const std::string& address) {
    return model::TargetId{address + ":8080"};
}

std::string nth(const std::string& zone, int n) {
    return "10.0." + std::to_string(zone == "a" ? 1 : 2) + "." + std::to_string(n);
}

/// The guide's scenario: 10 targets in each of two zones, routing failover at 50 %, six targets of
/// zone b failed [p.57].
struct WorkedExample {
    model::Configuration configuration = scene::two_zones();
    HealthByGroup health;

    WorkedExample() {
        model::TargetGroup& web = configuration.target_groups.front();
        web.attributes.unhealthy_state_routing_minimum_healthy_targets_percentage = 50;
        for (const std::string zone : {"a", "b"}) {
            for (int n = 1; n <= 10; ++n) {
                web.targets.push_back(scene::target(nth(zone, n), zone));
                const bool failed = zone == "b" && n <= 6;
                health[web.id][id(nth(zone, n))] =
                    failed ? Health{HealthState::Unhealthy, HealthReason::TargetFailedHealthChecks}
                           : Health{HealthState::Healthy, HealthReason::None};
            }
        }
    }

    [[nodiscard]] GroupRoutes routes() const {
        return evaluate(configuration, health).groups.at(0);
    }
};

std::size_t eligible(const NodeRoutes& node) {
    return static_cast<std::size_t>(std::count_if(node.targets.begin(), node.targets.end(),
                                                  [](const auto& t) { return t.eligible; }));
}

const TargetRoute& route_to(const NodeRoutes& node, const std::string& address) {
    const auto it = std::find_if(node.targets.begin(), node.targets.end(),
                                 [&](const TargetRoute& t) { return t.id == id(address); });
    BOOST_REQUIRE(it != node.targets.end());
    return *it;
}

bool goes(const TargetRoute& route, bool eligible, RouteReason reason) {
    return route.eligible == eligible && route.reason == reason;
}

} // namespace

BOOST_AUTO_TEST_SUITE(route_evaluate)

BOOST_AUTO_TEST_CASE(worked_example_of_page_57_with_cross_zone_off) {
    const WorkedExample example;
    const GroupRoutes routes = example.routes();
    const NodeRoutes& a = routes.nodes.at(0);
    const NodeRoutes& b = routes.nodes.at(1);
    BOOST_TEST((a.mode == RouteReason::Healthy));
    BOOST_TEST(a.healthy == 10U);
    BOOST_TEST(eligible(a) == 10U);
    BOOST_TEST(goes(route_to(a, nth("a", 1)), true, RouteReason::Healthy));
    BOOST_TEST(goes(route_to(a, nth("b", 7)), false, RouteReason::OtherZone));
    BOOST_TEST((b.mode == RouteReason::UnhealthyStateRouting));
    BOOST_TEST(b.healthy == 4U);
    BOOST_TEST(b.registered == 10U);
    BOOST_TEST(eligible(b) == 10U);
    BOOST_TEST(goes(route_to(b, nth("b", 1)), true, RouteReason::UnhealthyStateRouting));
    BOOST_TEST(goes(route_to(b, nth("b", 7)), true, RouteReason::Healthy));
    BOOST_TEST(goes(route_to(b, nth("a", 1)), false, RouteReason::OtherZone));
}

BOOST_AUTO_TEST_CASE(worked_example_of_page_58_with_cross_zone_on) {
    WorkedExample example;
    example.configuration.load_balancers[0].attributes.load_balancing_cross_zone_enabled = true;
    for (const NodeRoutes& node : example.routes().nodes) {
        BOOST_TEST((node.mode == RouteReason::Healthy));
        BOOST_TEST(node.healthy == 14U);
        BOOST_TEST(node.registered == 20U);
        BOOST_TEST(eligible(node) == 14U);
        BOOST_TEST(goes(route_to(node, nth("b", 1)), false, RouteReason::Unhealthy));
    }
}

BOOST_AUTO_TEST_CASE(the_groups_attribute_overrides_the_load_balancers) {
    WorkedExample example;
    auto& balancer = example.configuration.load_balancers[0].attributes;
    auto& group = example.configuration.target_groups[0].attributes;
    balancer.load_balancing_cross_zone_enabled = true;
    group.load_balancing_cross_zone_enabled = model::CrossZone::False;
    BOOST_TEST(eligible(example.routes().nodes[0]) == 10U);
    balancer.load_balancing_cross_zone_enabled = false;
    group.load_balancing_cross_zone_enabled = model::CrossZone::True;
    BOOST_TEST(eligible(example.routes().nodes[0]) == 14U);
}

BOOST_AUTO_TEST_CASE(a_target_in_a_zone_without_a_node_is_not_in_use) {
    WorkedExample example;
    example.configuration.target_groups[0].targets.push_back(scene::target("10.0.3.1", "c"));
    example.health[example.configuration.target_groups[0].id][id("10.0.3.1")] = {
        HealthState::Healthy, HealthReason::None};
    const GroupRoutes routes = example.routes();
    const TargetRoute& route = route_to(routes.nodes[0], "10.0.3.1");
    BOOST_TEST(goes(route, false, RouteReason::ZoneNotEnabled));
    BOOST_TEST((route.health == Health{HealthState::Unused, HealthReason::TargetNotInUse}));
    BOOST_TEST(routes.nodes[0].registered == 10U);
}

BOOST_AUTO_TEST_CASE(a_group_nobody_has_reported_on_fails_open) {
    WorkedExample example;
    example.health.clear();
    for (const NodeRoutes& node : example.routes().nodes) {
        BOOST_TEST((node.mode == RouteReason::FailOpen));
        BOOST_TEST(eligible(node) == 10U); // of its own zone: cross-zone is off
    }
    const TargetRoute first = example.routes().nodes[0].targets[0];
    BOOST_TEST(goes(first, true, RouteReason::FailOpen));
    BOOST_TEST(
        (first.health == Health{HealthState::Initial, HealthReason::ElbRegistrationInProgress}));
}

BOOST_AUTO_TEST_CASE(what_is_out_of_service_takes_no_flows_even_when_failing_open) {
    WorkedExample example;
    const model::TargetGroupId group = example.configuration.target_groups[0].id;
    for (auto& [target, health] : example.health[group])
        health = {HealthState::Unhealthy, HealthReason::TargetFailedHealthChecks};
    example.health[group][id(nth("a", 1))] = {HealthState::Draining,
                                              HealthReason::TargetDeregistrationInProgress};
    example.health[group][id(nth("a", 2))] = {HealthState::Unused,
                                              HealthReason::TargetInvalidState};
    example.health[group][id(nth("a", 3))] = {HealthState::Unavailable,
                                              HealthReason::ElbInternalError};
    const GroupRoutes routes = example.routes();
    const NodeRoutes& a = routes.nodes[0];
    BOOST_TEST(goes(route_to(a, nth("a", 1)), false, RouteReason::Draining));
    BOOST_TEST(goes(route_to(a, nth("a", 2)), false, RouteReason::Unused));
    BOOST_TEST(goes(route_to(a, nth("a", 3)), true, RouteReason::FailOpen));
    BOOST_TEST(a.registered == 9U);
    BOOST_TEST(eligible(a) == 8U);
}

BOOST_AUTO_TEST_CASE(only_groups_that_a_listener_uses_are_routed) {
    WorkedExample example;
    example.configuration.target_groups.push_back(scene::group("spare"));
    BOOST_TEST(evaluate(example.configuration, {}).groups.size() == 1U);
    example.configuration.load_balancers[0].listeners.push_back(scene::listener("web", 81));
    const auto uses = groups_in_use(example.configuration);
    BOOST_REQUIRE(uses.size() == 1U);
    BOOST_TEST(uses[0].listeners.size() == 2U);
}

BOOST_AUTO_TEST_CASE(generated_groups_are_routed_as_the_oracle_says) {
    const std::vector<std::string> states{"initial",   "healthy",  "healthy",
                                          "healthy",   "unused",   "unhealthy",
                                          "unhealthy", "draining", "unavailable"};
    const std::vector<std::string> places{"a", "b", "b", "c", "*"}; // c has no node
    constexpr unsigned kSeed = 20231;
    constexpr int kCases = 2000;
    std::mt19937 random(kSeed);
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    std::size_t modes[3] = {0, 0, 0};
    for (int n = 0; n < kCases; ++n) {
        support::SlowGroup slow{{"a", "b"}, {}, below(2) == 0, 1 + below(4), std::nullopt};
        if (below(2) == 0) slow.minimum_percentage = 1 + below(100);
        model::Configuration configuration = scene::two_zones();
        model::TargetGroup& web = configuration.target_groups.front();
        HealthByGroup health;
        const std::size_t count = below(9);
        const bool dark = below(4) == 0; // a quarter of the cases without any healthy target
        for (std::size_t i = 0; i < count; ++i) {
            const std::string address = "10.0.0." + std::to_string(i + 1);
            std::string state = states[below(states.size())];
            if (dark && state == "healthy") state = "unhealthy";
            slow.targets.push_back({address, places[below(places.size())], state});
            web.targets.push_back(scene::target(address, slow.targets.back().zone));
            health[web.id][id(address)] = {from_text<HealthState>(state).value(),
                                           HealthReason::None};
        }
        web.attributes.load_balancing_cross_zone_enabled =
            slow.cross_zone ? model::CrossZone::True : model::CrossZone::False;
        web.attributes.unhealthy_state_routing_minimum_healthy_targets_count =
            static_cast<std::uint32_t>(slow.minimum_count);
        if (slow.minimum_percentage) {
            web.attributes.unhealthy_state_routing_minimum_healthy_targets_percentage =
                static_cast<std::uint32_t>(*slow.minimum_percentage);
        }
        const RouteSet set = evaluate(configuration, health);
        for (const NodeRoutes& node : set.groups.at(0).nodes) {
            support::Names found;
            for (const TargetRoute& route : node.targets) {
                if (route.eligible) found.insert(route.target->id);
            }
            ++modes[static_cast<std::size_t>(node.mode)];
            BOOST_TEST_CONTEXT("seed " << kSeed << ", case " << n << ", node "
                                       << node.zone->name.value)
            BOOST_TEST((found == support::slow_eligible(slow, node.zone->name.value)));
        }
    }
    for (const std::size_t times : modes)
        BOOST_TEST(times > 300U); // every mode was among the cases
}

BOOST_AUTO_TEST_SUITE_END()
