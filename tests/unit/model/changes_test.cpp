// SPDX-License-Identifier: Apache-2.0
#include "model/changes.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>

using namespace nlb;
using namespace nlb::model;

namespace {

IpAddress ip(std::string_view text) {
    return IpAddress::parse(text).value();
}

Configuration small() {
    Configuration all;
    LoadBalancer web;
    web.name = LoadBalancerName("web");
    web.id = LoadBalancerId("net/web/0000000000000001");
    web.zones = {{ZoneName("a"), "", ip("127.0.1.1"), std::nullopt, ip("127.0.1.1")},
                 {ZoneName("b"), "", ip("127.0.2.1"), std::nullopt, ip("127.0.2.1")}};
    all.load_balancers.push_back(web);
    TargetGroup group;
    group.name = TargetGroupName("g");
    group.id = TargetGroupId("targetgroup/g/0000000000000002");
    all.target_groups.push_back(group);
    return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(model_changes)

BOOST_AUTO_TEST_CASE(what_is_fixed_stays_and_the_rest_may_change) {
    const struct {
        const char* what;
        std::function<void(Configuration&)> change;
        const char* line; ///< empty: allowed
    } rows[] = {
        {"R3 nothing", [](Configuration&) {}, ""},
        {"R3 a zone is added",
         [](Configuration& c) {
             c.load_balancers[0].zones.push_back(
                 {ZoneName("c"), "", ip("127.0.3.1"), std::nullopt, ip("127.0.3.1")});
         },
         ""},
        {"R3 a zone is removed", [](Configuration& c) { c.load_balancers[0].zones.pop_back(); },
         "load balancer web: zone b cannot be removed"},
        {"R3 a node moves",
         [](Configuration& c) { c.load_balancers[0].zones[0].address = ip("127.0.1.9"); },
         "load balancer web: zone a keeps its address 127.0.1.1, not 127.0.1.9"},
        {"R3 a node becomes dualstack",
         [](Configuration& c) { c.load_balancers[0].zones[0].ipv6_address = ip("::1"); }, ""},
        {"R6 a balancer goes", [](Configuration& c) { c.load_balancers.clear(); }, ""},
        {"R3 another id is another balancer",
         [](Configuration& c) {
             c.load_balancers[0].id = LoadBalancerId("net/web/00000000000000ff");
             c.load_balancers[0].zones.pop_back();
         },
         ""},
        {"R8 the target type changes",
         [](Configuration& c) { c.target_groups[0].target_type = TargetType::Ip; },
         "target group g: target_type stays instance"},
        {"R8 the IP address type changes",
         [](Configuration& c) { c.target_groups[0].ip_address_type = TargetGroupIpType::Ipv6; },
         "target group g: ip_address_type stays ipv4"},
        {"R15 an instance that is stopped is registered",
         [](Configuration& c) {
             c.inventory.instances["i-1"].state = InstanceState::Stopped;
             c.target_groups[0].targets.push_back(
                 {"i-1", 80, ZoneName("a"), false, ip("10.0.0.1")});
         },
         "target group g: instance i-1 is stopped and cannot be registered"},
        {"R15 an instance that runs is registered",
         [](Configuration& c) {
             c.inventory.instances["i-1"].state = InstanceState::Running;
             c.target_groups[0].targets.push_back(
                 {"i-1", 80, ZoneName("a"), false, ip("10.0.0.1")});
         },
         ""},
        {"R8 a group goes", [](Configuration& c) { c.target_groups.clear(); }, ""},
    };

    for (const auto& row : rows) {
        Configuration after = small();
        row.change(after);
        const auto lines = forbidden_changes(small(), after);
        const std::string first = lines.empty() ? "" : lines.front();
        BOOST_TEST(first == row.line, row.what << ": " << first);
        BOOST_TEST(lines.size() == (*row.line == '\0' ? 0U : 1U), row.what);
    }
}

BOOST_AUTO_TEST_CASE(r6_deletion_protection_keeps_a_balancer) {
    Configuration before = small();
    before.load_balancers[0].attributes.deletion_protection_enabled = true;
    const auto lines = forbidden_changes(before, Configuration{});
    BOOST_REQUIRE(lines.size() == 1U);
    BOOST_TEST(lines[0].find("deletion_protection.enabled is true") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_instance_that_is_registered_may_stop) {
    Configuration before = small();
    before.inventory.instances["i-1"].state = InstanceState::Running;
    before.target_groups[0].targets.push_back({"i-1", 80, ZoneName("a"), false, ip("10.0.0.1")});
    Configuration after = before;
    after.inventory.instances["i-1"].state = InstanceState::Stopped;
    BOOST_TEST(forbidden_changes(before, after).empty());
    BOOST_TEST(forbidden_changes(after, before).empty());
}

BOOST_AUTO_TEST_SUITE_END()
