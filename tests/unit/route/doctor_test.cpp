// SPDX-License-Identifier: Apache-2.0
#include "support/route_lines.hpp"

#include "route/doctor.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>

using namespace nlb;
using namespace nlb::route;
using model::HealthReason;
using model::HealthState;
using model::RouteReason;

namespace {

/// A sound balancer: one forwarder, one checker, two healthy targets of group tg-1 in zone a.
Status sound() {
    Status status;
    status.take(contract::Peer{"nlb-forward", "forward", "n1", "a", 7, 7, true});
    status.take(contract::Peer{"nlb-health", "health", "n1", "a", 7, std::nullopt, true});
    status.take(test::listener_line(80));
    status.take(test::routing_line());
    for (const char* address : {"10.0.1.1", "10.0.1.2"}) {
        const contract::Route route = test::route_line(address);
        status.take(route);
        contract::TargetHealth health;
        health.group = route.group;
        health.target = route.target;
        health.state = HealthState::Healthy;
        status.take(health);
        status.take(contract::Vote{route.group, route.target, "n1", HealthState::Healthy,
                                   std::nullopt, false});
    }
    contract::ListenerState bound;
    bound.listener = test::listener_line(80).listener;
    bound.zone = "a";
    bound.bound = true;
    status.take(bound);
    return status;
}

bool has(const std::vector<Finding>& findings, std::string_view entry, std::string_view evidence) {
    return std::any_of(findings.begin(), findings.end(), [&](const Finding& one) {
        return one.entry == entry && one.evidence.find(evidence) != std::string::npos;
    });
}

} // namespace

BOOST_AUTO_TEST_SUITE(route_doctor)

BOOST_AUTO_TEST_CASE(a_sound_balancer_has_no_findings) {
    BOOST_TEST(examine(sound()).empty());
    BOOST_TEST(has(examine(Status{}), "requests-not-routed", "none is connected"));
}

BOOST_AUTO_TEST_CASE(a_target_from_which_nothing_comes_back_may_be_behind_a_firewall) {
    for (const auto& [text, hidden] :
         {std::pair{"TCP 10.0.1.1:80: no answer to connect", true},
          std::pair{"TCP 10.0.1.1:80: connect: No route to host", true},
          std::pair{"TCP 10.0.1.1:80: Connection refused", false}}) {
        Status status = sound();
        status.health[0].state = HealthState::Unhealthy;
        status.health[0].description = text;
        BOOST_TEST(has(examine(status), "target-not-in-service", text));
        BOOST_TEST(has(examine(status), "security-group", "nothing comes back") == hidden);
    }
}

BOOST_AUTO_TEST_CASE(what_the_packet_path_counted_is_evidence) {
    const auto with = [](std::initializer_list<std::pair<const char*, std::uint64_t>> counters) {
        Status status = sound();
        for (const auto& [name, value] : counters) {
            contract::Counter counter;
            counter.name = name;
            counter.value = value;
            status.take(counter);
        }
        return examine(status);
    };
    BOOST_TEST(with({{"Packet.new-flow", 100}, {"Packet.reply", 1}}).empty());
    BOOST_TEST(with({{"Packet.new-flow", 2}}).empty());
    BOOST_TEST(has(with({{"Packet.new-flow", 100}}), "asymmetric-path", "100 flows"));
    // Running totals: the last line counts.
    const auto findings = with({{"Packet.hairpin", 1}, {"Packet.hairpin", 3}});
    BOOST_TEST(has(findings, "hairpin", "3 packets"));
    for (const char* entry : {"socket-reuse", "connection-delays"})
        BOOST_TEST(has(with({{"Packet.flow-collision", 2}}), entry, "2 packets"));
    BOOST_TEST(has(with({{"Packet.flow-expired", 5}}), "elb-resets", "5 packets"));
    BOOST_TEST(has(with({{"Packet.target-unhealthy", 6}}), "elb-resets", "6 packets"));
}

BOOST_AUTO_TEST_CASE(each_entry_has_its_evidence) {
    struct Row {
        const char* entry;
        const char* evidence;
        void (*change)(Status&);
    };

    const Row rows[] = {
        {"target-not-in-service", "Target.FailedHealthChecks): Health checks failed: refused",
         [](Status& s) {
             s.health[0].state = HealthState::Unhealthy;
             s.health[0].reason = HealthReason::TargetFailedHealthChecks;
             s.health[0].description = "Health checks failed: refused";
         }},
        {"requests-not-routed", "generation 7 was sent, 6 is in force",
         [](Status& s) { s.peers[0].applied = 6; }},
        {"requests-not-routed", "does not read", [](Status& s) { s.peers[0].reads = false; }},
        {"requests-not-routed", "no target takes flows of this node",
         [](Status& s) { s.routes[0].eligible = s.routes[1].eligible = false; }},
        {"requests-not-routed", "no node in its zone",
         [](Status& s) { s.routes[0].reason = RouteReason::ZoneNotEnabled; }},
        {"requests-not-routed", "shifted away: 'power'",
         [](Status& s) {
             s.take(contract::ZonalShift{model::LoadBalancerId{"lb-1"}, "a", 1, 2, "power"});
         }},
        {"requests-not-routed", "not answered in DNS",
         [](Status& s) {
             s.take(contract::DnsZone{model::LoadBalancerId{"lb-1"}, "a", test::ip("198.51.100.1"),
                                      false});
         }},
        {"requests-not-routed", "not bound: Permission denied",
         [](Status& s) {
             s.bindings[0].bound = false;
             s.bindings[0].error_number = EACCES;
             s.bindings[0].error = "Permission denied";
         }},
        {"failed-provisioning", "not bound: Address already in use",
         [](Status& s) {
             s.bindings[0].bound = false;
             s.bindings[0].error_number = EADDRINUSE;
             s.bindings[0].error = "Address already in use";
         }},
        {"more-checks-than-expected", "checked by 2 nodes",
         [](Status& s) {
             contract::Vote vote = s.votes[0];
             vote.voter = "n2";
             s.take(vote);
         }},
        {"fewer-checks-than-expected", "silent", [](Status& s) { s.votes[0].silent = true; }},
        {"fewer-checks-than-expected", "tcp_tw_recycle",
         [](Status& s) { s.recycles_time_wait = true; }},
        {"unhealthy-targets-receive-requests", "fail-open",
         [](Status& s) { s.routings[0].mode = RouteReason::FailOpen; }},
        {"host-header-mismatch", "Host: 198.51.100.1:80; the answer: Health checks failed: ",
         [](Status& s) {
             contract::TargetGroup group;
             group.group = s.routings[0].group;
             group.check_protocol = model::HealthCheckProtocol::Http;
             group.check_host = "198.51.100.1:80";
             s.take(group);
             s.health[0].state = HealthState::Unhealthy;
             s.health[0].description = "Health checks failed: answered 421, 200-399 passes";
         }},
        {"elb-resets", "its connections are reset",
         [](Status& s) {
             s.routes[0].eligible = false;
             s.routes[0].state = HealthState::Unhealthy;
         }},
        {"elb-resets", "12 resets",
         [](Status& s) {
             contract::Counter counter{
                 "TCP_ELB_Reset_Count", 5,           test::listener_line(80).listener, "a",
                 std::nullopt,          std::nullopt};
             s.take(counter);
             counter.value = 12; // a running total
             s.take(counter);
         }},
        {"port-allocation-errors", "3 connections found no port",
         [](Status& s) {
             s.take(contract::Counter{"PortAllocationErrorCount", 3,
                                      test::listener_line(80).listener, "a", std::nullopt,
                                      std::nullopt});
         }},
        {"lacks", "preserve_client_ip: this process lacks CAP_NET_ADMIN",
         [](Status& s) {
             s.bindings[0].lacks = "preserve_client_ip: this process lacks CAP_NET_ADMIN";
         }},
        {"hairpin", "its own client", [](Status& s) { s.routings[0].preserve_client_ip = true; }},
        {"socket-reuse", "1 target can be reached through several nodes",
         [](Status& s) {
             s.routings[0].preserve_client_ip = true;
             contract::Route route = s.routes[0];
             route.zone = "b";
             s.take(route);
         }},
        {"advice", "at least 120 is advised",
         [](Status& s) {
             s.take(contract::Advice{"target_groups[0]", "at least 120 is advised"});
         }},
    };
    for (const Row& row : rows) {
        Status status = sound();
        row.change(status);
        BOOST_TEST(has(examine(status), row.entry, row.evidence),
                   row.entry << ": " << row.evidence);
    }
}

BOOST_AUTO_TEST_CASE(a_target_is_explained_by_state_votes_and_routes) {
    Status status = sound();
    status.health[0].state = HealthState::Unhealthy;
    status.health[0].reason = HealthReason::TargetFailedHealthChecks;
    status.health[0].description = "Health checks failed: refused";
    status.votes[0].state = HealthState::Unhealthy;
    status.votes[0].silent = true;
    status.routes[0].eligible = false;
    status.routes[0].reason = RouteReason::Unhealthy;
    status.routes[0].terminated = true;
    const Explanation told = explain_target(status, "10.0.1.1", "tg-1");
    const std::vector<std::string> expected{
        "tg-1: target '10.0.1.1:8080' is unhealthy (Target.FailedHealthChecks): Health checks "
        "failed: refused",
        "  checked by n1: unhealthy (silent for two intervals: does not count)",
        "  node of zone a: takes no flows, unhealthy: its checks fail; its connections are reset"};
    BOOST_TEST(told.lines == expected, boost::test_tools::per_element());
    BOOST_TEST(told.is_registered);
    BOOST_TEST(!told.takes_flows);
    BOOST_TEST(explain_target(status, "10.0.1.2:8080", "").takes_flows);
    const Explanation unknown = explain_target(status, "10.0.1.3", "");
    BOOST_TEST(!unknown.is_registered);
    BOOST_TEST(unknown.lines.at(0).find("Target.NotRegistered") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_group_is_meant_by_its_name_or_id) {
    const model::TargetGroupId id{"targetgroup/web/0123456789abcdef"};
    BOOST_TEST(is_group(id, "web"));
    BOOST_TEST(is_group(id, id.value));
    BOOST_TEST(!is_group(id, "we"));
    BOOST_TEST(!is_group(id, ""));
}

BOOST_AUTO_TEST_SUITE_END()
