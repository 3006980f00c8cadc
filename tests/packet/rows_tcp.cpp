// SPDX-License-Identifier: Apache-2.0
// TCP connections through the node.
#include "packet/cast.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb::test;

BOOST_AUTO_TEST_SUITE(packet_rows)
BOOST_AUTO_TEST_SUITE(tcp)

BOOST_AUTO_TEST_CASE(a_connection_is_rewritten_both_ways) {
    for (const Cast& c : kBoth)
        play({"a connection is rewritten both ways",
              one_target(c),
              {open_flow(c), answer(c, 1.1), data(c, 1.2), answer(c, 1.3, "PA"), data(c, 300),
               answer(c, 600, "A")}});
}

BOOST_AUTO_TEST_CASE(nothing_but_addresses_ports_and_hops_is_changed) {
    for (const Cast& c : kBoth) {
        const auto dressed = [](PacketBuilder packet) {
            return packet.traffic_class(0xb8)
                .flow_label(0x54321)
                .id(0xbeef)
                .sequence(0xfffffff0)
                .acknowledgment(0x80000001)
                .window(1)
                .tcp_options(12)
                .payload("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
        };
        play({"nothing but addresses, ports and hops is changed",
              one_target(c),
              {open_flow(c),
               claims(2, dressed(from_client(c, "PA")), NLB_REASON_FLOW,
                      dressed(to_target(c, "PA"))),
               [=](const Claimed& claimed) {
                   return Step{3, dressed(from_target(c, "FPA", claimed.port)), NLB_REASON_REPLY,
                               dressed(to_client(c, "FPA"))};
               }}});
    }
}

BOOST_AUTO_TEST_CASE(any_bytes_pass_unharmed) {
    for (const Cast& c : kBoth) {
        Row row{"any bytes pass unharmed", one_target(c), {open_flow(c), answer(c, 1)}};
        std::string bytes;
        for (std::size_t length = 1; length <= 1440; length += 97) {
            while (bytes.size() < length)
                bytes.push_back(static_cast<char>(bytes.size() * 181 + 13));
            row.steps.push_back(claims(2, from_client(c, "A").payload(bytes), NLB_REASON_FLOW,
                                       to_target(c, "A").payload(bytes)));
        }
        play(row);
    }
}

BOOST_AUTO_TEST_CASE(a_repeated_syn_is_the_same_flow) {
    for (const Cast& c : kBoth)
        play({"a repeated SYN is the same flow",
              one_target(c),
              {open_flow(c), claims(2, from_client(c), NLB_REASON_FLOW, to_target(c))}});
}

BOOST_AUTO_TEST_CASE(with_client_ip_preservation_the_target_sees_the_client) {
    for (const Cast& c : kBoth)
        play({"with client IP preservation the target sees the client",
              one_target(c, {.preserve = true}),
              {step(1, from_client(c), NLB_REASON_NEW_FLOW, to_target_preserved(c)),
               step(2, from_target_preserved(c, "SA"), NLB_REASON_REPLY, to_client(c, "SA")),
               step(3, from_client(c, "A"), NLB_REASON_FLOW, to_target_preserved(c, "A")),
               step(4, from_target_preserved(c, "PA").payload("hi"), NLB_REASON_REPLY,
                    to_client(c, "PA").payload("hi"))}});
}

BOOST_AUTO_TEST_CASE(a_segment_without_flow_is_answered_as_rfc_9293_says) {
    for (const Cast& c : kBoth)
        play({"a segment without flow is answered as RFC 9293 says",
              one_target(c),
              {step(1, from_client(c, "A").acknowledgment(7777).payload("hello"),
                    NLB_REASON_NO_FLOW, reset(c, "R").sequence(7777)),
               step(1, from_client(c, "PFA").acknowledgment(1), NLB_REASON_NO_FLOW,
                    reset(c, "R").sequence(1)),
               step(1, from_client(c, "F").payload("hello"), NLB_REASON_NO_FLOW,
                    reset(c, "RA").sequence(0).acknowledgment(1006)),
               step(1, from_client(c, "").sequence(0xfffffffe).payload("hello"), NLB_REASON_NO_FLOW,
                    reset(c, "RA").sequence(0).acknowledgment(3)),
               step(1, from_client(c, "SA").acknowledgment(9).vlan(5).tcp_options(12),
                    NLB_REASON_NO_FLOW, reset(c, "R").sequence(9).vlan(5)),
               step(1, from_client(c, "SF"), NLB_REASON_NO_FLOW,
                    reset(c, "RA").sequence(0).acknowledgment(1002)),
               step(1, from_client(c, "A").acknowledgment(3).padded(90), NLB_REASON_NO_FLOW,
                    reset(c, "R").sequence(3)),
               step(1, from_client(c, "A").acknowledgment(3).ttl(1), NLB_REASON_NO_FLOW,
                    reset(c, "R").sequence(3))}});
}

BOOST_AUTO_TEST_CASE(a_reset_of_an_answer_has_no_ip_options_and_no_extension_headers) {
    play({"a reset has no IP options",
          one_target(kCast4),
          {step(1, from_client(kCast4, "A").acknowledgment(9).ip_options(40).tcp_options(40),
                NLB_REASON_NO_FLOW, reset(kCast4, "R").sequence(9))}});
    play({"a reset has no extension headers",
          one_target(kCast6),
          {step(1,
                from_client(kCast6, "A")
                    .acknowledgment(9)
                    .hop_by_hop(16)
                    .destination_options(24)
                    .tcp_options(40),
                NLB_REASON_NO_FLOW, reset(kCast6, "R").sequence(9))}});
}

BOOST_AUTO_TEST_CASE(a_reset_is_never_answered) {
    for (const Cast& c : kBoth)
        play({"a reset is never answered",
              one_target(c),
              {step(1, from_client(c, "R"), NLB_REASON_STRAY_RESET),
               step(1, from_client(c, "RA"), NLB_REASON_STRAY_RESET),
               step(1, from_client(c, "SR"), NLB_REASON_STRAY_RESET)}});
}

BOOST_AUTO_TEST_CASE(a_flow_idle_for_longer_than_its_timeout_is_reset_on_either_side) {
    for (const Cast& c : kBoth)
        play({"a flow idle for longer than its timeout is reset on either side",
              one_target(c),
              {open_flow(c, 1), answer(c, 2), data(c, 352),
               step(702.1, from_client(c, "A").acknowledgment(5), NLB_REASON_FLOW_EXPIRED,
                    reset(c, "R").sequence(5)),
               [=](const Claimed& claimed) {
                   return Step{
                       703, from_target(c, "A", claimed.port).acknowledgment(6),
                       NLB_REASON_FLOW_EXPIRED,
                       to_target(c, "R", claimed.port).sequence(6).turned().id(0).window(0)};
               },
               step(704, from_client(c, "R"), NLB_REASON_STRAY_RESET),
               claims(705, from_client(c).sequence(77), NLB_REASON_NEW_FLOW,
                      to_target(c).sequence(77))}});
}

BOOST_AUTO_TEST_CASE(the_idle_timeout_is_the_listeners) {
    for (const Cast& c : kBoth) {
        Lines lines = one_target(c);
        std::get<nlb::contract::Listener>(lines[0]).idle_timeout_ms = 6'000'000;
        play({"the idle timeout is the listener's",
              lines,
              {open_flow(c, 1), answer(c, 2), data(c, 6002),
               step(12'002.1, from_client(c, "A"), NLB_REASON_FLOW_EXPIRED,
                    reset(c, "R").sequence(0))}});
    }
}

BOOST_AUTO_TEST_CASE(keepalives_of_either_side_and_of_no_length_refresh_a_flow) {
    for (const Cast& c : kBoth)
        play({"keepalives of either side refresh a flow",
              one_target(c),
              {open_flow(c, 0), answer(c, 350, "A"),
               claims(700, from_client(c, "A"), NLB_REASON_FLOW, to_target(c, "A")),
               answer(c, 1050, "A"), data(c, 1400)}});
}

BOOST_AUTO_TEST_CASE(a_closed_flow_ages_early_and_makes_room_for_a_new_one) {
    for (const Cast& c : kBoth)
        play({"a closed flow ages early and makes room for a new one",
              one_target(c),
              {open_flow(c, 1), answer(c, 1),
               claims(2, from_client(c, "FA"), NLB_REASON_FLOW, to_target(c, "FA")),
               answer(c, 3, "FA"),
               claims(4, from_client(c, "A"), NLB_REASON_FLOW, to_target(c, "A")),
               claims(5, from_client(c).sequence(9), NLB_REASON_NEW_FLOW, to_target(c).sequence(9)),
               claims(6, from_client(c, "R"), NLB_REASON_FLOW, to_target(c, "R")),
               step(37, from_client(c, "A").acknowledgment(8), NLB_REASON_FLOW_EXPIRED,
                    reset(c, "R").sequence(8))}});
}

BOOST_AUTO_TEST_CASE(a_refusal_of_the_target_reaches_the_client_and_ends_the_flow) {
    for (const Cast& c : kBoth)
        play({"a refusal of the target reaches the client and ends the flow",
              one_target(c),
              {open_flow(c, 1), answer(c, 1.1, "RA"),
               claims(2, from_client(c).sequence(2), NLB_REASON_NEW_FLOW,
                      to_target(c).sequence(2))}});
}

BOOST_AUTO_TEST_CASE(a_capture_that_runs_backwards_expires_nothing) {
    for (const Cast& c : kBoth)
        play({"a capture that runs backwards expires nothing",
              one_target(c),
              {open_flow(c, 1000), data(c, 1), answer(c, 1340), data(c, 900)}});
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
