// SPDX-License-Identifier: Apache-2.0
// Listeners: what belongs to one, what is unintended, what is left to sockets.
#include "packet/cast.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb::test;
using nlb::contract::Listener;
using nlb::contract::Routing;

BOOST_AUTO_TEST_SUITE(packet_rows)
BOOST_AUTO_TEST_SUITE(listeners)

BOOST_AUTO_TEST_CASE(what_is_no_listener_is_dropped_at_the_node_and_passed_elsewhere) {
    for (const Cast& c : kBoth)
        play({"what is no listener is dropped at the node and passed elsewhere",
              one_target(c),
              {step(1, from_client(c).to(c.node, 81), NLB_REASON_NO_LISTENER),
               step(1, from_client(c, "A").to(c.inside, 40000), NLB_REASON_NO_LISTENER),
               step(1, from_client(c, "R").to(c.node, 81), NLB_REASON_NO_LISTENER),
               step(1, from_client(c).to(c.stranger, 80), NLB_REASON_NOT_OURS),
               step(1, from_client(c).udp(), NLB_REASON_NO_LISTENER),
               step(1, from_client(c).udp().to(c.stranger, 80), NLB_REASON_NOT_OURS),
               step(1, from_client(c).protocol(47), NLB_REASON_OTHER_PROTOCOL),
               step(1, from_client(c).protocol(132).to(c.inside, 0), NLB_REASON_OTHER_PROTOCOL),
               step(1, from_client(c).protocol(47).to(c.stranger, 0), NLB_REASON_NOT_OURS),
               step(1, from_client(c).ethertype(0x0806), NLB_REASON_NOT_IP)}});
}

BOOST_AUTO_TEST_CASE(ports_of_the_host_are_left_to_it_where_no_listener_is) {
    for (const Cast& c : kBoth)
        play({.sentence = "ports of the host are left to it where no listener is",
              .lines = one_target(c),
              .steps = {step(1, from_client(c).to(c.node, 22), NLB_REASON_HOST_PORT),
                        step(1, from_client(c, "A").to(c.inside, 22), NLB_REASON_HOST_PORT),
                        step(1, from_client(c).udp().to(c.node, 80), NLB_REASON_HOST_PORT),
                        step(1, from_client(c).to(c.stranger, 22), NLB_REASON_NOT_OURS),
                        step(1, from_client(c, "A"), NLB_REASON_NO_FLOW, reset(c, "R").sequence(0)),
                        step(1, from_client(c).to(c.node, 23), NLB_REASON_NO_LISTENER)},
              .host_ports = {22, 80, 22}});
}

BOOST_AUTO_TEST_CASE(a_port_of_the_other_family_is_no_listener) {
    Lines lines = one_target(kCast4) + one_target(kCast6, {.group = "tg-6", .port = 81});
    play({"a port of the other family is no listener",
          lines,
          {step(1, from_client(kCast6), NLB_REASON_NO_LISTENER),
           step(1, from_client(kCast4).to(kCast4.node, 81), NLB_REASON_NO_LISTENER)}});
}

BOOST_AUTO_TEST_CASE(a_dualstack_listener_serves_each_family_and_their_flows_never_meet) {
    Lines lines = one_target(kCast4) + one_target(kCast6, {.group = "tg-6"});
    const Cast& four = kCast4;
    const Cast& six = kCast6;
    play({"a dualstack listener serves each family",
          lines,
          {open_flow(four), answer(four, 2), open_flow(six), answer(six, 2), data(six, 3),
           step(4, from_client(four, "A").from(four.client, 40001), NLB_REASON_NO_FLOW,
                reset(four, "R").to(four.client, 40001).sequence(0)),
           step(4, from_client(six, "A").from(six.client, 40001), NLB_REASON_NO_FLOW,
                reset(six, "R").to(six.client, 40001).sequence(0))}});
}

BOOST_AUTO_TEST_CASE(a_group_without_targets_answers_with_a_reset) {
    for (const Cast& c : kBoth)
        play({"a group without targets answers with a reset",
              listener(c),
              {step(1, from_client(c), NLB_REASON_NO_TARGET,
                    reset(c, "RA").sequence(0).acknowledgment(1001))}});
}

BOOST_AUTO_TEST_CASE(a_listener_that_needs_sockets_is_handed_up) {
    for (const Cast& c : kBoth) {
        Lines lines = one_target(c);
        std::get<Routing>(lines[1]).proxy_protocol_v2 = true;
        const Row row{"a listener that needs sockets is handed up",
                      lines,
                      {step(1, from_client(c), NLB_REASON_HANDED_UP),
                       step(1, from_client(c, "A"), NLB_REASON_HANDED_UP),
                       step(1, from_client(c, "R"), NLB_REASON_HANDED_UP)}};
        play(row);
        lines = one_target(c, {.protocol = nlb::model::Protocol::Tls});
        play({row.sentence, lines, row.steps});
    }
}

BOOST_AUTO_TEST_CASE(targets_of_the_other_family_are_left_to_sockets) {
    for (const bool six : {false, true}) {
        const Cast& c = six ? kCast6 : kCast4;
        const Cast& other = six ? kCast4 : kCast6;
        Lines lines = listener(c);
        std::get<Routing>(lines[1]).source = ip(other.inside);
        lines.emplace_back(route_line(other.target));
        play({"targets of the other family are left to sockets",
              lines,
              {step(1, from_client(c), NLB_REASON_NEEDS_TRANSLATION),
               step(1, from_client(c, "A"), NLB_REASON_NEEDS_TRANSLATION)}});
    }
}

BOOST_AUTO_TEST_CASE(only_targets_that_take_flows_get_them) {
    for (const Cast& c : kBoth) {
        Lines lines = one_target(c);
        lines.emplace_back(route_line(c.second, 8080, false));
        Row row{"only targets that take flows get them", lines, {}};
        for (std::uint16_t port = 1; port <= 40; ++port)
            row.steps.push_back(
                claims(1, from_client(c).from(c.client, port), NLB_REASON_NEW_FLOW, to_target(c)));
        play(row);
    }
}

BOOST_AUTO_TEST_CASE(a_target_of_another_zone_is_not_used_unless_routes_say_so) {
    // Tables hold a node's own zone; which targets take flows there is in the routes.
    Lines lines = one_target(kCast4);
    Lines other = one_target(kCast4);
    for (auto& line : other) {
        if (auto* listener = std::get_if<Listener>(&line)) {
            listener->zone = "b";
            listener->address = ip("198.51.100.2");
        }
        if (auto* routing = std::get_if<Routing>(&line)) routing->zone = "b";
        if (auto* route = std::get_if<nlb::contract::Route>(&line)) {
            route->zone = "b";
            route->address = ip(kCast4.second);
            route->target = nlb::model::TargetId{"elsewhere"};
        }
    }
    play({"a node sends to the targets of its own zone",
          lines + other,
          {open_flow(kCast4),
           claims(2, from_client(kCast4).to("198.51.100.2", 80), NLB_REASON_NEW_FLOW,
                  to_target(kCast4).to(kCast4.second, 8080))}});
}

BOOST_AUTO_TEST_CASE(unhealthy_targets_take_flows_while_failing_open) {
    for (const Cast& c : kBoth) {
        Lines lines = listener(c);
        auto route = route_line(c.target);
        route.state = nlb::model::HealthState::Unhealthy;
        route.reason = nlb::model::RouteReason::FailOpen;
        lines.emplace_back(route);
        play({"unhealthy targets take flows while failing open",
              lines,
              {open_flow(c), answer(c, 2), data(c, 3)}});
    }
}

BOOST_AUTO_TEST_CASE(a_target_that_is_its_own_client_cannot_be_reached_with_preservation) {
    for (const Cast& c : kBoth) {
        const auto own = from_client(c).from(c.target, 41000);
        play({"a target that is its own client cannot be reached with preservation",
              one_target(c, {.preserve = true}),
              {step(1, own, NLB_REASON_HAIRPIN,
                    reset(c, "RA").to(c.target, 41000).sequence(0).acknowledgment(1001)),
               step(2, from_client(c), NLB_REASON_NEW_FLOW, to_target_preserved(c))}});
        play({"a target that is its own client is served without preservation",
              one_target(c),
              {claims(1, own, NLB_REASON_NEW_FLOW, to_target(c)), [=](const Claimed& claimed) {
                   return Step{2, from_target(c, "SA", claimed.port), NLB_REASON_REPLY,
                               to_client(c, "SA").to(c.target, 41000)};
               }}});
    }
}

BOOST_AUTO_TEST_CASE(one_client_socket_through_two_listeners_to_one_target_collides) {
    for (const Cast& c : kBoth) {
        Lines lines = one_target(c, {.preserve = true});
        lines.emplace_back(listener_line(81, "tg-1", c.node));
        const auto second = from_client(c).to(c.node, 81);
        play({"one client socket through two listeners to one target collides",
              lines,
              {step(1, from_client(c), NLB_REASON_NEW_FLOW, to_target_preserved(c)),
               step(2, second, NLB_REASON_FLOW_COLLISION),
               step(400, second, NLB_REASON_NEW_FLOW, to_target_preserved(c))}});
        play({"without preservation nothing collides",
              [&] {
                  Lines plain = one_target(c);
                  plain.emplace_back(listener_line(81, "tg-1", c.node));
                  return plain;
              }(),
              {open_flow(c), claims(2, second, NLB_REASON_NEW_FLOW, to_target(c))}});
    }
}

BOOST_AUTO_TEST_CASE(without_an_interface_no_traffic_comes_through_the_internet_gateway) {
    // A capture and a test run know no interface: the flag refuses nothing here. tests/live shows
    // that it does on a node.
    for (const Cast& c : kBoth) {
        Lines lines = one_target(c);
        std::get<Listener>(lines[0]).deny_internet_gateway = true;
        play({"without an interface no traffic comes through the internet gateway",
              lines,
              {open_flow(c), answer(c, 2), data(c, 3)}});
    }
}

BOOST_AUTO_TEST_CASE(a_tcp_udp_listener_serves_both_protocols_on_one_port) {
    for (const Cast& c : kBoth)
        play({"a TCP_UDP listener serves both protocols on one port",
              one_target(c, {.protocol = nlb::model::Protocol::TcpUdp}),
              {open_flow(c), answer(c, 2),
               claims(3, from_client(c).udp().payload("?"), NLB_REASON_NEW_FLOW,
                      to_target(c).udp().payload("?")),
               [=](const Claimed& claimed) {
                   return Step{4, from_target(c, "", claimed.port).udp().payload("!"),
                               NLB_REASON_REPLY, to_client(c, "").udp().payload("!")};
               },
               step(5, from_client(c, "A").from(c.client, 40001).acknowledgment(3),
                    NLB_REASON_NO_FLOW, reset(c, "R").to(c.client, 40001).sequence(3))}});
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
