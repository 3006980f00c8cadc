// SPDX-License-Identifier: Apache-2.0
// Flows when the tables change under them: draining, deregistration, health, reused indexes.
#include "packet/cast.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb::test;
using nlb::contract::Route;
using nlb::model::HealthState;

namespace {

/// One target in `state`, which takes no new flows, beside one that does.
Lines replaced(const Cast& c, HealthState state, bool terminated = false,
               const Setting& setting = {}, bool kept = false) {
    Lines lines = listener(c, setting);
    Route old = route_line(c.target, 8080, false, setting.group);
    old.state = state;
    if (kept) old.kept = true;
    if (terminated) old.terminated = true;
    lines.emplace_back(old);
    lines.emplace_back(route_line(c.second, 8080, true, setting.group));
    return lines;
}

/// Only the other target.
Lines without(const Cast& c, const Setting& setting = {}) {
    Lines lines = listener(c, setting);
    lines.emplace_back(route_line(c.second, 8080, true, setting.group));
    return lines;
}

Make open_to_second(const Cast& c, double at, std::uint16_t port) {
    return claims(at, from_client(c).from(c.client, port), NLB_REASON_NEW_FLOW,
                  to_target(c).to(c.second, 8080));
}

PacketBuilder datagram(const Cast& c) {
    return from_client(c).udp().payload("x");
}

} // namespace

BOOST_AUTO_TEST_SUITE(packet_rows)
BOOST_AUTO_TEST_SUITE(target)

BOOST_AUTO_TEST_CASE(a_draining_target_keeps_its_flows_and_gets_no_new_ones) {
    for (const Cast& c : kBoth)
        play({"a draining target keeps its flows and gets no new ones",
              one_target(c),
              {open_flow(c), answer(c, 2), after(replaced(c, HealthState::Draining), data(c, 3)),
               answer(c, 4, "A"),
               claims(5, from_client(c), NLB_REASON_FLOW, to_target(c)), // a late SYN of the flow
               open_to_second(c, 6, 40001)}});
}

BOOST_AUTO_TEST_CASE(an_unhealthy_target_whose_connections_are_kept_gets_no_new_ones) {
    for (const Cast& c : kBoth) {
        for (const Lines& lines : {replaced(c, HealthState::UnhealthyDraining),
                                   replaced(c, HealthState::Unhealthy, false, {}, true)})
            play({"an unhealthy target keeps the connections that the route-set leaves to it",
                  one_target(c),
                  {open_flow(c), answer(c, 2), after(lines, data(c, 3)), answer(c, 4, "A"),
                   open_to_second(c, 5, 40001)}});
    }
}

BOOST_AUTO_TEST_CASE(a_deregistered_target_keeps_its_connections_but_not_its_datagrams) {
    for (const Cast& c : kBoth) {
        play({"a deregistered target keeps its connections",
              one_target(c),
              {open_flow(c), answer(c, 2), after(without(c), data(c, 3)), answer(c, 4, "A"),
               data(c, 340), open_to_second(c, 341, 40001)}});
        const Setting udp{.protocol = nlb::model::Protocol::Udp};
        play({"a deregistered target does not keep its datagrams",
              one_target(c, udp),
              {claims(1, datagram(c), NLB_REASON_NEW_FLOW, to_target(c).udp().payload("x")),
               [=](const Claimed& claimed) {
                   return Step{2,
                               from_target(c, "", claimed.port).udp(),
                               NLB_REASON_TARGET_DEREGISTERED,
                               std::nullopt,
                               false,
                               without(c, udp)};
               },
               claims(3, datagram(c), NLB_REASON_NEW_FLOW,
                      to_target(c).to(c.second, 8080).udp().payload("x"))}});
    }
}

BOOST_AUTO_TEST_CASE(connections_to_be_terminated_are_reset_on_either_side) {
    for (const Cast& c : kBoth)
        play({"connections to be terminated are reset on either side",
              one_target(c),
              {open_flow(c), answer(c, 2),
               after(replaced(c, HealthState::Unused, true),
                     step(3, from_client(c, "A").acknowledgment(5), NLB_REASON_TARGET_DEREGISTERED,
                          reset(c, "R").sequence(5))),
               [=](const Claimed& claimed) {
                   return Step{
                       4, from_target(c, "A", claimed.port).acknowledgment(6),
                       NLB_REASON_TARGET_DEREGISTERED,
                       to_target(c, "R", claimed.port).sequence(6).turned().id(0).window(0)};
               },
               step(5, from_client(c, "R"), NLB_REASON_STRAY_RESET),
               claims(6, from_client(c), NLB_REASON_NEW_FLOW, to_target(c).to(c.second, 8080))}});
}

BOOST_AUTO_TEST_CASE(a_target_turned_unhealthy_has_its_flows_reset) {
    for (const Cast& c : kBoth)
        play({"a target turned unhealthy has its flows reset",
              one_target(c),
              {open_flow(c), answer(c, 2),
               after(replaced(c, HealthState::Unhealthy),
                     step(3, from_client(c, "A").acknowledgment(5), NLB_REASON_TARGET_UNHEALTHY,
                          reset(c, "R").sequence(5))),
               step(4, from_client(c, "R"), NLB_REASON_STRAY_RESET),
               claims(5, from_client(c), NLB_REASON_NEW_FLOW, to_target(c).to(c.second, 8080))}});
}

BOOST_AUTO_TEST_CASE(nothing_but_a_segment_is_answered_with_a_reset) {
    // Later fragments hold no TCP header that a RST could answer.
    play({"nothing but a segment is answered with a reset",
          one_target(kCast4),
          {open_flow(kCast4),
           claims(2, from_client(kCast4, "A").fragment(0x2000).payload("12345678"), NLB_REASON_FLOW,
                  to_target(kCast4, "A").fragment(0x2000).payload("12345678")),
           after(replaced(kCast4, HealthState::Unhealthy),
                 step(3, from_client(kCast4).fragment(0x0004).raw("12345678"),
                      NLB_REASON_TARGET_UNHEALTHY))}});
    for (const Cast& c : kBoth) {
        const Setting udp{.protocol = nlb::model::Protocol::Udp};
        play({"datagrams of an unhealthy target are dropped and the client's start anew",
              one_target(c, udp),
              {claims(1, datagram(c), NLB_REASON_NEW_FLOW, to_target(c).udp().payload("x")),
               [=](const Claimed& claimed) {
                   return Step{2,
                               from_target(c, "", claimed.port).udp(),
                               NLB_REASON_TARGET_UNHEALTHY,
                               std::nullopt,
                               false,
                               replaced(c, HealthState::Unhealthy, false, udp)};
               },
               claims(3, datagram(c), NLB_REASON_NEW_FLOW,
                      to_target(c).to(c.second, 8080).udp().payload("x"))}});
    }
}

BOOST_AUTO_TEST_CASE(flows_of_an_unhealthy_target_go_on_while_failing_open) {
    for (const Cast& c : kBoth) {
        Lines open = listener(c);
        Route route = route_line(c.target);
        route.state = HealthState::Unhealthy;
        open.emplace_back(route);
        play({"flows of an unhealthy target go on while failing open",
              one_target(c),
              {open_flow(c), answer(c, 2), after(open, data(c, 3)), answer(c, 4, "A")}});
    }
}

BOOST_AUTO_TEST_CASE(a_target_that_is_registered_again_gets_flows_again) {
    for (const Cast& c : kBoth)
        play({"a target that is registered again gets flows again",
              one_target(c),
              {open_flow(c), after(listener(c), data(c, 2)),
               step(3, from_client(c).from(c.client, 40001), NLB_REASON_NO_TARGET,
                    reset(c, "RA").to(c.client, 40001).sequence(0).acknowledgment(1001)),
               after(one_target(c), claims(4, from_client(c).from(c.client, 40001),
                                           NLB_REASON_NEW_FLOW, to_target(c)))}});
}

BOOST_AUTO_TEST_CASE(an_index_that_changes_hands_takes_no_old_flows_along) {
    for (const Cast& c : kBoth) {
        Lines reused = without(c);
        std::get<Route>(reused.back()).state = HealthState::Unhealthy;
        std::get<Route>(reused.back()).eligible = false;
        play({"an index that changes hands takes no old flows along",
              one_target(c),
              {open_flow(c), after(listener(c), data(c, 2)),
               // The second target gets the index of the first and is unhealthy at once.
               after(reused, data(c, 3)), answer(c, 4, "A")}});
    }
}

BOOST_AUTO_TEST_CASE(a_change_of_preservation_is_for_new_flows) {
    for (const Cast& c : kBoth)
        play(
            {"a change of preservation is for new flows",
             one_target(c),
             {open_flow(c), after(one_target(c, {.preserve = true}), data(c, 2)), answer(c, 3, "A"),
              step(4, from_client(c).from(c.client, 40001), NLB_REASON_NEW_FLOW,
                   to_target_preserved(c).from(c.client, 40001))}});
}

BOOST_AUTO_TEST_CASE(flows_of_a_listener_that_is_gone_go_on) {
    for (const Cast& c : kBoth)
        play({"flows of a listener that is gone go on",
              one_target(c),
              {open_flow(c), after({}, data(c, 2)), answer(c, 3, "A"),
               step(4, from_client(c).from(c.client, 40001), NLB_REASON_NOT_OURS)}});
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
