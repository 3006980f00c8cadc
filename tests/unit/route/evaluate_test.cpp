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

BOOST_AUTO_TEST_CASE(dns_failover_of_the_worked_example) {
    WorkedExample example;
    auto& balancer = example.configuration.load_balancers[0];
    auto& web = example.configuration.target_groups[0].attributes;
    const auto answered = [&] {
        std::string zones;
        for (const model::Zone* zone :
             zones_in_dns(evaluate(example.configuration, example.health), balancer))
            zones += zone->name.value;
        return zones;
    };
    BOOST_TEST(answered() == "ab"); // no threshold: one healthy target is enough
    web.dns_failover_minimum_healthy_targets_percentage = 50;
    BOOST_TEST(answered() == "a"); // 4 of 10 in zone b
    balancer.attributes.load_balancing_cross_zone_enabled = true;
    BOOST_TEST(answered() == "ab"); // 14 of 20
    balancer.attributes.load_balancing_cross_zone_enabled = false;
    web.dns_failover_minimum_healthy_targets_count = 11;
    BOOST_TEST(answered() == "ab"); // no zone is healthy: all are answered
}

BOOST_AUTO_TEST_CASE(one_group_takes_a_zone_out_of_dns_for_all) {
    WorkedExample example;
    auto& balancer = example.configuration.load_balancers[0];
    example.configuration.target_groups.push_back(scene::group("api"));
    example.configuration.target_groups[1].targets = {scene::target("10.0.9.1", "a")};
    balancer.listeners.push_back(scene::listener("api", 81));
    example.health[scene::group("api").id][id("10.0.9.1")] = {HealthState::Healthy,
                                                              HealthReason::None};
    const RouteSet set = evaluate(example.configuration, example.health);
    const auto zones = zones_in_dns(set, balancer);
    BOOST_REQUIRE(zones.size() == 1U); // api has no target in zone b
    BOOST_TEST((zones[0]->name == model::ZoneName{"a"}));
}

BOOST_AUTO_TEST_CASE(a_shifted_zone_opens_no_flows_and_the_others_are_as_before) {
    WorkedExample example;
    auto uses = groups_in_use(example.configuration);
    uses[0].shifted_zone = model::ZoneName{"a"};
    const GroupRoutes routes = evaluate(uses[0], example.health.begin()->second);
    BOOST_TEST((routes.nodes[0].mode == RouteReason::ZonalShift));
    BOOST_TEST(eligible(routes.nodes[0]) == 0U);
    const TargetRoute& route = route_to(routes.nodes[0], nth("a", 1));
    BOOST_TEST(goes(route, false, RouteReason::ZonalShift));
    BOOST_TEST((route.health.state == HealthState::Healthy)); // its connections go on
    BOOST_TEST(!route.is_terminated);
    BOOST_TEST((routes.nodes[1].mode == RouteReason::UnhealthyStateRouting));
    BOOST_TEST(eligible(routes.nodes[1]) == 10U);
    RouteSet set;
    set.groups.push_back(routes);
    const auto zones = zones_in_dns(set, example.configuration.load_balancers[0]);
    BOOST_REQUIRE(zones.size() == 1U);
    BOOST_TEST((zones[0]->name == model::ZoneName{"b"}));
}

BOOST_AUTO_TEST_CASE(a_deregistered_target_drains_and_counts_no_more) {
    WorkedExample example;
    auto uses = groups_in_use(example.configuration);
    auto& health = example.health.begin()->second;
    std::vector<Deregistration> gone{
        {scene::target("10.0.2.99", "b"), WallTime{1000}, true, false}};
    uses[0].deregistered = &gone;
    const auto route = [&] {
        const GroupRoutes routes = evaluate(uses[0], health);
        BOOST_TEST(routes.nodes[1].registered == 10U);
        return route_to(routes.nodes[1], "10.0.2.99");
    };
    health[id("10.0.2.99")] = {HealthState::Healthy, HealthReason::None};
    BOOST_TEST(goes(route(), false, RouteReason::Draining));
    BOOST_TEST((route().health ==
                Health{HealthState::Draining, HealthReason::TargetDeregistrationInProgress}));
    BOOST_TEST(!route().is_terminated);
    health[id("10.0.2.99")].state = HealthState::Unhealthy; // it fails its checks meanwhile
    BOOST_TEST(route().is_terminated);
    for (auto& [target, one] : health)
        one.state = HealthState::Unhealthy; // the group fails open
    BOOST_TEST(!route().is_terminated);
    gone[0].is_over = true;
    BOOST_TEST(goes(route(), false, RouteReason::Unused));
    BOOST_TEST((route().health == Health{HealthState::Unused, HealthReason::TargetNotRegistered}));
    BOOST_TEST(route().is_terminated);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_in_service_is_unused_with_its_cause) {
    WorkedExample example;
    model::TargetGroup& web = example.configuration.target_groups[0];
    web.targets[0].address = example.configuration.load_balancers[0].zones[1].address;
    web.targets[0].port = 80; // where the balancer itself listens
    example.configuration.target_groups.push_back(scene::group("vm"));
    model::TargetGroup& vm = example.configuration.target_groups[1];
    vm.target_type = model::TargetType::Instance;
    vm.targets = {scene::target("10.0.1.50", "a"), scene::target("10.0.1.51", "a")};
    auto& instances = example.configuration.inventory.instances;
    instances["10.0.1.50"].state = model::InstanceState::Stopped;
    instances["10.0.1.51"].state = model::InstanceState::Running;
    example.configuration.load_balancers[0].listeners.push_back(scene::listener("vm", 81));
    const RouteSet set = evaluate(example.configuration, {});
    const TargetRoute& looped = set.groups[0].nodes[0].targets[0];
    BOOST_TEST(goes(looped, false, RouteReason::Unused));
    BOOST_TEST((looped.health.reason == HealthReason::TargetIpUnusable));
    const auto& machines = set.groups[1].nodes[0].targets;
    BOOST_TEST(goes(machines[0], false, RouteReason::Unused)); // although the group fails open
    BOOST_TEST((machines[0].health.reason == HealthReason::TargetInvalidState));
    BOOST_TEST(goes(machines[1], true, RouteReason::FailOpen));
}

namespace {

constexpr unsigned kSeed = 20231;

/// Random groups, once in the words of the oracle and once in those of the library.
struct Generated {
    support::SlowGroup slow{{"a", "b"}, {}, false, 1, std::nullopt};
    model::Configuration configuration = scene::two_zones();
    GroupHealth health;
    std::vector<Deregistration> gone;

    explicit Generated(std::mt19937& random) : random_(random) {
        settings();
        const bool dark = below(4) == 0; // a quarter of the cases without any healthy target
        const std::size_t count = below(9);
        for (std::size_t i = 0; i < count; ++i)
            target("10.0.0." + std::to_string(i + 1), dark);
        apply();
    }

    [[nodiscard]] GroupUse use() const {
        GroupUse out = groups_in_use(configuration).at(0);
        out.deregistered = &gone;
        out.shifted_zone = model::ZoneName{slow.shifted_zone};
        return out;
    }

  private:
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

    std::optional<std::uint64_t> maybe(std::size_t most) {
        if (below(2) == 0) return std::nullopt;
        return 1 + below(most);
    }

    void settings() {
        slow.cross_zone = below(2) == 0;
        slow.minimum_count = 1 + below(4);
        slow.minimum_percentage = maybe(100);
        slow.dns_count = maybe(5);
        slow.dns_percentage = maybe(100);
        if (below(5) == 0) slow.shifted_zone = below(2) == 0 ? "a" : "b";
    }

    void target(const std::string& address, bool dark) {
        static const std::vector<std::string> states{"initial",   "healthy",  "healthy",
                                                     "healthy",   "unused",   "unhealthy",
                                                     "unhealthy", "draining", "unavailable"};
        static const std::vector<std::string> places{"a", "b", "b", "c", "*"}; // c has no node
        support::SlowTarget one{address, places[below(places.size())],
                                states[below(states.size())]};
        if (dark && one.state == "healthy") one.state = "unhealthy";
        one.is_deregistered = below(5) == 0;
        one.delay_is_over = one.is_deregistered && below(2) == 0;
        const model::Target made = scene::target(address, one.zone);
        if (one.is_deregistered)
            gone.push_back({made, WallTime{1000}, true, one.delay_is_over});
        else
            configuration.target_groups[0].targets.push_back(made);
        health[id(address)] = {from_text<HealthState>(one.state).value(), HealthReason::None};
        slow.targets.push_back(std::move(one));
    }

    void apply() {
        const auto number = [](const std::optional<std::uint64_t>& from) {
            return from ? std::optional(static_cast<std::uint32_t>(*from)) : std::nullopt;
        };
        auto& to = configuration.target_groups[0].attributes;
        to.load_balancing_cross_zone_enabled =
            slow.cross_zone ? model::CrossZone::True : model::CrossZone::False;
        to.unhealthy_state_routing_minimum_healthy_targets_count = *number(slow.minimum_count);
        to.unhealthy_state_routing_minimum_healthy_targets_percentage =
            number(slow.minimum_percentage);
        to.dns_failover_minimum_healthy_targets_count = number(slow.dns_count);
        to.dns_failover_minimum_healthy_targets_percentage = number(slow.dns_percentage);
    }

    std::mt19937& random_;
};

void compare(const Generated& one, const GroupRoutes& routes) {
    for (const NodeRoutes& node : routes.nodes) {
        support::Names takes;
        support::Names terminated;
        for (const TargetRoute& route : node.targets) {
            if (route.eligible) takes.insert(route.target->id);
            if (route.is_terminated) terminated.insert(route.target->id);
        }
        BOOST_TEST((takes == support::slow_eligible(one.slow, node.zone->name.value)));
        BOOST_TEST((terminated == support::slow_terminated(one.slow)));
    }
    RouteSet set;
    set.groups.push_back(routes);
    support::Names answered;
    for (const model::Zone* zone : zones_in_dns(set, one.configuration.load_balancers[0]))
        answered.insert(zone->name.value);
    BOOST_TEST((answered == support::slow_zones_in_dns(one.slow)));
}

} // namespace

BOOST_AUTO_TEST_CASE(generated_groups_are_routed_as_the_oracle_says) {
    constexpr int kCases = 2000;
    std::mt19937 random(kSeed);
    std::map<RouteReason, std::size_t> modes;
    for (int n = 0; n < kCases; ++n) {
        const Generated one(random);
        const GroupRoutes routes = evaluate(one.use(), one.health);
        for (const NodeRoutes& node : routes.nodes)
            ++modes[node.mode];
        BOOST_TEST_CONTEXT("seed " << kSeed << ", case " << n)
        compare(one, routes);
    }
    BOOST_TEST(modes.size() == 4U);
    for (const auto& [mode, times] : modes)
        BOOST_TEST(times > 300U); // every mode was among the cases
}

BOOST_AUTO_TEST_SUITE_END()
