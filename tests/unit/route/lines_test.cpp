// SPDX-License-Identifier: Apache-2.0
#include "unit/route/scene.hpp"

#include "route/lines.hpp"

#include "contract/codec.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb;
using namespace nlb::route;

namespace {

/// The lines without type-independent noise: `"seq"` counts from 1.
std::vector<std::string> texts(const std::vector<contract::Message>& lines) {
    std::vector<std::string> out;
    for (const contract::Message& line : lines) {
        std::string text;
        contract::encode(line, 1, text);
        text.resize(text.rfind(",\"seq\""));
        out.push_back(text + "}");
    }
    return out;
}

model::Configuration web_with_targets() {
    model::Configuration configuration = scene::two_zones();
    configuration.target_groups[0].targets = {scene::target("10.0.1.1", "a"),
                                              scene::target("10.0.3.1", "c"),
                                              scene::target("192.168.0.1", "*")};
    return configuration;
}

} // namespace

BOOST_AUTO_TEST_SUITE(route_lines)

BOOST_AUTO_TEST_CASE(tcp_checks_have_no_http_members) {
    const model::Configuration configuration = web_with_targets();
    const auto lines = texts(target_lines(groups_in_use(configuration).at(0)));
    const std::vector<std::string> expected{
        R"({"type":"target-group","group":"targetgroup/web/0000000000000001",)"
        R"("check_protocol":"TCP","check_timeout_ms":10000,"check_interval_ms":30000,)"
        R"("healthy_threshold":5,"unhealthy_threshold":2})",
        R"({"type":"target","group":"targetgroup/web/0000000000000001",)"
        R"("target":"10.0.1.1:8080","address":"10.0.1.1","port":8080,"zone":"a"})",
        R"({"type":"target","group":"targetgroup/web/0000000000000001",)"
        R"("target":"10.0.3.1:8080","address":"10.0.3.1","port":8080,"zone":"c",)"
        R"("state":"unused","reason":"Target.NotInUse",)"
        R"("description":"Target is in an Availability Zone that is not enabled for the load )"
        R"(balancer"})",
        R"({"type":"target","group":"targetgroup/web/0000000000000001",)"
        R"("target":"192.168.0.1:8080","address":"192.168.0.1","port":8080})"};
    BOOST_TEST(lines == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(http_checks_name_the_node_in_the_host_header) {
    model::Configuration configuration = web_with_targets();
    model::HealthCheck& check = configuration.target_groups[0].health_check;
    check.protocol = model::HealthCheckProtocol::Http;
    check.port = 9000;
    check.path = "/up";
    check.timeout_seconds = 6;
    const GroupUse use = groups_in_use(configuration).at(0);
    const auto first = texts(target_lines(use)).at(0);
    BOOST_TEST(first == R"({"type":"target-group","group":"targetgroup/web/0000000000000001",)"
                        R"("check_protocol":"HTTP","check_port":9000,"check_path":"/up",)"
                        R"("check_host":"127.0.1.1:80","matcher":"200-399",)"
                        R"("check_timeout_ms":6000,"check_interval_ms":30000,)"
                        R"("healthy_threshold":5,"unhealthy_threshold":2})");
    const auto in_b = texts(target_lines(use, model::ZoneName{"b"})).at(0);
    BOOST_TEST(in_b.find(R"("check_host":"127.0.2.1:80")") != std::string::npos);
    BOOST_TEST(in_b.find(R"("check_source":"127.0.2.1")") != std::string::npos);
    BOOST_TEST(first.find("check_source") == std::string::npos); // any node may check
}

BOOST_AUTO_TEST_CASE(extensions_of_checks_are_off_unless_set) {
    model::Configuration configuration = web_with_targets();
    model::TargetGroup& group = configuration.target_groups[0];
    group.health_check.interval_milliseconds = 100;
    group.health_check.timeout_milliseconds = 50;
    group.health_check.fast_interval_milliseconds = 100;
    group.health_check.exec = "check-db";
    group.attributes.proxy_protocol_v2_enabled = true;
    const auto line = texts(target_lines(groups_in_use(configuration).at(0))).at(0);
    BOOST_TEST(line == R"({"type":"target-group","group":"targetgroup/web/0000000000000001",)"
                       R"("check_protocol":"TCP","check_timeout_ms":50,"check_interval_ms":100,)"
                       R"("healthy_threshold":5,"unhealthy_threshold":2,)"
                       R"("check_fast_interval_ms":100,"check_exec":"check-db",)"
                       R"("proxy_protocol_v2":true})");
}

BOOST_AUTO_TEST_CASE(a_dualstack_node_has_two_listener_lines) {
    model::Configuration configuration = web_with_targets();
    model::LoadBalancer& front = configuration.load_balancers[0];
    front.ip_address_type = model::LoadBalancerIpType::Dualstack;
    front.zones[0].ipv6_address = scene::ip("::1");
    front.listeners[0].tcp_idle_timeout_seconds = 60;
    const auto lines = texts(nlb::route::route_lines(evaluate(configuration, {}).groups.at(0)));
    BOOST_REQUIRE(lines.size() == 3 + 2 + 2 * 3);
    const std::string start = R"({"type":"listener",)"
                              R"("listener":"listener/net/front/0000000000000002/80",)"
                              R"("load_balancer":"net/front/0000000000000002",)";
    const std::string end = R"(,"port":80,"group":"targetgroup/web/0000000000000001",)"
                            R"("idle_timeout_ms":60000})";
    BOOST_TEST(lines[0] == start + R"("zone":"a","protocol":"TCP","address":"127.0.1.1")" + end);
    BOOST_TEST(lines[1] == start + R"("zone":"a","protocol":"TCP","address":"::1")" + end);
    BOOST_TEST(lines[2] == start + R"("zone":"b","protocol":"TCP","address":"127.0.2.1")" + end);
}

BOOST_AUTO_TEST_CASE(an_endpoint_is_named_where_the_targets_are_told) {
    model::Configuration configuration = web_with_targets();
    configuration.load_balancers[0].listeners[0].vpc_endpoint_id = "vpce-1";
    const auto first = [&] {
        return texts(nlb::route::route_lines(evaluate(configuration, {}).groups.at(0))).at(0);
    };
    BOOST_TEST(first().ends_with(R"("idle_timeout_ms":350000})"));
    configuration.target_groups[0].attributes.proxy_protocol_v2_enabled = true;
    BOOST_TEST(first().ends_with(R"("idle_timeout_ms":350000,"vpc_endpoint_id":"vpce-1"})"));
}

BOOST_AUTO_TEST_CASE(a_limit_of_connections_is_told_to_every_node) {
    model::Configuration configuration = web_with_targets();
    configuration.load_balancers[0].listeners[0].max_connections = 5000;
    const auto lines = texts(nlb::route::route_lines(evaluate(configuration, {}).groups.at(0)));
    for (const std::size_t node : {0U, 1U})
        BOOST_TEST(lines.at(node).ends_with(R"("idle_timeout_ms":350000,"max_connections":5000})"));
}

BOOST_AUTO_TEST_CASE(routes_follow_the_routing_line_of_their_node) {
    const model::Configuration configuration = web_with_targets();
    HealthByGroup health;
    health[configuration.target_groups[0].id][model::TargetId{"10.0.1.1:8080"}] = {
        model::HealthState::Healthy, model::HealthReason::None};
    const auto lines = texts(nlb::route::route_lines(evaluate(configuration, health).groups.at(0)));
    BOOST_REQUIRE(lines.size() == 2 + 2 + 2 * 3);
    BOOST_TEST(lines[2] == R"({"type":"routing","group":"targetgroup/web/0000000000000001",)"
                           R"("zone":"a","source":"127.0.1.1","mode":"healthy",)"
                           R"("preserve_client_ip":false,"proxy_protocol_v2":false,)"
                           R"("sticky":false})");
    BOOST_TEST(lines[3] == R"({"type":"route","group":"targetgroup/web/0000000000000001",)"
                           R"("zone":"a","target":"10.0.1.1:8080","address":"10.0.1.1",)"
                           R"("port":8080,"eligible":true,"reason":"healthy",)"
                           R"("state":"healthy"})");
    BOOST_TEST(lines[4] == R"({"type":"route","group":"targetgroup/web/0000000000000001",)"
                           R"("zone":"a","target":"10.0.3.1:8080","address":"10.0.3.1",)"
                           R"("port":8080,"eligible":false,"reason":"zone-not-enabled",)"
                           R"("state":"unused","state_reason":"Target.NotInUse"})");
}

BOOST_AUTO_TEST_CASE(an_ipv6_group_is_reached_from_the_nodes_ipv6_address) {
    model::Configuration configuration = web_with_targets();
    configuration.load_balancers[0].zones[0].ipv6_address = scene::ip("fd00::1");
    configuration.target_groups[0].ip_address_type = model::TargetGroupIpType::Ipv6;
    const auto lines = texts(nlb::route::route_lines(evaluate(configuration, {}).groups.at(0)));
    BOOST_TEST(lines.at(2).find(R"("source":"fd00::1")") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_udp_listener_forgets_flows_after_120_seconds) {
    model::Configuration configuration = web_with_targets();
    configuration.load_balancers[0].listeners[0].protocol = model::Protocol::Udp;
    const auto lines = texts(nlb::route::route_lines(evaluate(configuration, {}).groups.at(0)));
    BOOST_TEST(lines.at(0).ends_with(R"("idle_timeout_ms":120000})"));
}

BOOST_AUTO_TEST_SUITE_END()
