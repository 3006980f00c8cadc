// SPDX-License-Identifier: Apache-2.0
#include "packet/scenario.hpp"
#include "support/route_lines.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb::test;
using nlb::contract::Message;
using Lines = std::vector<Message>;
using Make = std::function<Step(const Claimed&)>;

namespace {

// The cast: a client, the node's two addresses, one target.
constexpr std::string_view kClient = "192.0.2.1";
constexpr std::string_view kNode = "198.51.100.1";
constexpr std::string_view kPrivate = "10.0.0.5";
constexpr std::string_view kTarget = "10.0.1.1";

Lines one_target(bool preserve = false) {
    return {listener_line(80), routing_line("tg-1", preserve), route_line(kTarget)};
}

PacketBuilder from_client(std::string_view flags) {
    return PacketBuilder().from(kClient, 40000).to(kNode, 80).flags(flags).sequence(1000);
}

PacketBuilder to_target(std::string_view flags) {
    return PacketBuilder().from(kPrivate, 0).to(kTarget, 8080).flags(flags).sequence(1000);
}

PacketBuilder from_target(std::string_view flags, std::uint16_t port) {
    return PacketBuilder().from(kTarget, 8080).to(kPrivate, port).flags(flags).sequence(5000);
}

PacketBuilder to_client(std::string_view flags) {
    return PacketBuilder().from(kNode, 80).to(kClient, 40000).flags(flags).sequence(5000);
}

/// What the node answers: no options, no payload, its own identification and window.
PacketBuilder reset(std::string_view flags) {
    return PacketBuilder().from(kNode, 80).to(kClient, 40000).flags(flags).turned().id(0).window(0);
}

Make step(double at, PacketBuilder packet, nlb_l4_reason reason,
          std::optional<PacketBuilder> becomes = std::nullopt) {
    return [=](const Claimed&) { return Step{at, packet, reason, becomes}; };
}

Make open_flow(double at = 1) {
    return step(at, from_client("S"), NLB_REASON_NEW_FLOW, to_target("S"));
}

Make data(double at) {
    return step(at, from_client("PA").payload("hello"), NLB_REASON_FLOW,
                to_target("PA").payload("hello"));
}

Make answer(double at, std::string_view flags = "SA") {
    return [=](const Claimed& claimed) {
        return Step{at, from_target(flags, claimed.port), NLB_REASON_REPLY, to_client(flags)};
    };
}

} // namespace

BOOST_AUTO_TEST_SUITE(packet_rows)

BOOST_AUTO_TEST_CASE(a_connection_is_rewritten_both_ways) {
    play({"a connection is rewritten both ways",
          one_target(),
          {open_flow(), answer(1.1), data(1.2), answer(1.3, "PA"), data(300), answer(600, "A")}});
}

BOOST_AUTO_TEST_CASE(a_repeated_syn_is_the_same_flow) {
    play({"a repeated SYN is the same flow",
          one_target(),
          {open_flow(), step(2, from_client("S"), NLB_REASON_FLOW, to_target("S"))}});
}

BOOST_AUTO_TEST_CASE(with_client_ip_preservation_the_target_sees_the_client) {
    play(
        {"with client IP preservation the target sees the client",
         one_target(true),
         {step(1, from_client("S"), NLB_REASON_NEW_FLOW,
               PacketBuilder().from(kClient, 0).to(kTarget, 8080).sequence(1000)),
          step(2, PacketBuilder().from(kTarget, 8080).to(kClient, 40000).flags("SA").sequence(5000),
               NLB_REASON_REPLY, to_client("SA"))}});
}

BOOST_AUTO_TEST_CASE(one_client_socket_through_two_listeners_to_one_target_collides) {
    Lines lines = one_target(true);
    lines.push_back(listener_line(81));
    play({"one client socket through two listeners to one target collides",
          lines,
          {step(1, from_client("S"), NLB_REASON_NEW_FLOW,
                PacketBuilder().from(kClient, 0).to(kTarget, 8080).sequence(1000)),
           step(2, PacketBuilder().from(kClient, 40000).to(kNode, 81), NLB_REASON_FLOW_COLLISION),
           step(400, PacketBuilder().from(kClient, 40000).to(kNode, 81), NLB_REASON_NEW_FLOW,
                PacketBuilder().from(kClient, 0).to(kTarget, 8080))}});
}

BOOST_AUTO_TEST_CASE(options_and_tags_are_kept) {
    play({"options and tags are kept",
          one_target(),
          {step(1, from_client("S").ip_options(40).tcp_options(40), NLB_REASON_NEW_FLOW,
                to_target("S").ip_options(40).tcp_options(40)),
           step(2, from_client("A").vlan(7), NLB_REASON_FLOW, to_target("A").vlan(7)),
           step(3, from_client("A").vlan(7, 0x88a8).vlan(9), NLB_REASON_FLOW,
                to_target("A").vlan(7, 0x88a8).vlan(9)),
           step(4, from_client("A").padded(60), NLB_REASON_FLOW, to_target("A").padded(60)),
           step(5, from_client("A").vlan(7).vlan(8).vlan(9), NLB_REASON_TOO_MANY_TAGS)}});
}

BOOST_AUTO_TEST_CASE(a_segment_without_flow_is_answered_as_rfc_9293_says) {
    play(
        {"a segment without flow is answered as RFC 9293 says",
         one_target(),
         {step(1, from_client("A").acknowledgment(7777).payload("hello"), NLB_REASON_NO_FLOW,
               reset("R").sequence(7777)),
          step(1, from_client("PFA").acknowledgment(1), NLB_REASON_NO_FLOW, reset("R").sequence(1)),
          step(1, from_client("F").payload("hello"), NLB_REASON_NO_FLOW,
               reset("RA").sequence(0).acknowledgment(1006)),
          step(1, from_client("").sequence(0xfffffffe).payload("hello"), NLB_REASON_NO_FLOW,
               reset("RA").sequence(0).acknowledgment(3)),
          step(1, from_client("SA").acknowledgment(9).vlan(5).ip_options(8).tcp_options(12),
               NLB_REASON_NO_FLOW, reset("R").sequence(9).vlan(5)),
          step(1, from_client("SF"), NLB_REASON_NO_FLOW,
               reset("RA").sequence(0).acknowledgment(1002)),
          step(1, from_client("A").acknowledgment(3).padded(60), NLB_REASON_NO_FLOW,
               reset("R").sequence(3))}});
}

BOOST_AUTO_TEST_CASE(a_reset_is_never_answered) {
    play({"a reset is never answered",
          one_target(),
          {step(1, from_client("R"), NLB_REASON_STRAY_RESET),
           step(1, from_client("RA"), NLB_REASON_STRAY_RESET),
           step(1, from_client("SR"), NLB_REASON_STRAY_RESET)}});
}

BOOST_AUTO_TEST_CASE(a_flow_idle_for_longer_than_its_timeout_is_reset_on_either_side) {
    play({"a flow idle for longer than its timeout is reset on either side",
          one_target(),
          {open_flow(1), answer(2), data(352),
           step(702.1, from_client("A").acknowledgment(5), NLB_REASON_FLOW_EXPIRED,
                reset("R").sequence(5)),
           [](const Claimed& claimed) {
               return Step{703, from_target("A", claimed.port).acknowledgment(6),
                           NLB_REASON_FLOW_EXPIRED,
                           PacketBuilder()
                               .from(kPrivate, claimed.port)
                               .to(kTarget, 8080)
                               .flags("R")
                               .sequence(6)
                               .turned()
                               .id(0)
                               .window(0)};
           },
           step(704, from_client("R"), NLB_REASON_STRAY_RESET),
           step(705, from_client("S").sequence(77), NLB_REASON_NEW_FLOW,
                to_target("S").sequence(77))}});
}

BOOST_AUTO_TEST_CASE(a_closed_flow_ages_early_and_makes_room_for_a_new_one) {
    play({"a closed flow ages early and makes room for a new one",
          one_target(),
          {open_flow(1), answer(1), step(2, from_client("FA"), NLB_REASON_FLOW, to_target("FA")),
           answer(3, "FA"), step(4, from_client("A"), NLB_REASON_FLOW, to_target("A")),
           step(5, from_client("S").sequence(9), NLB_REASON_NEW_FLOW, to_target("S").sequence(9)),
           step(6, from_client("R"), NLB_REASON_FLOW, to_target("R")),
           step(37, from_client("A").acknowledgment(8), NLB_REASON_FLOW_EXPIRED,
                reset("R").sequence(8))}});
}

BOOST_AUTO_TEST_CASE(what_is_no_listener_is_dropped_at_the_node_and_passed_elsewhere) {
    play({"what is no listener is dropped at the node and passed elsewhere",
          one_target(),
          {step(1, from_client("S").to(kNode, 81), NLB_REASON_NO_LISTENER),
           step(1, from_client("A").to(kPrivate, 40000), NLB_REASON_NO_LISTENER),
           step(1, from_client("S").to("203.0.113.9", 80), NLB_REASON_NOT_OURS),
           step(1, from_client("S").protocol(17), NLB_REASON_NO_LISTENER),
           step(1, from_client("S").protocol(47), NLB_REASON_OTHER_PROTOCOL),
           step(1, from_client("S").protocol(47).to(kPrivate, 0), NLB_REASON_OTHER_PROTOCOL),
           step(1, from_client("S").protocol(17).to("203.0.113.9", 80), NLB_REASON_NOT_OURS),
           step(1, from_client("S").ethertype(0x86dd), NLB_REASON_BAD_IP),
           step(1, from_client("S").ethertype(0x0806), NLB_REASON_NOT_IP)}});
}

BOOST_AUTO_TEST_CASE(fragments_are_told_apart_and_never_read_as_tcp) {
    play({"fragments are told apart and never read as TCP",
          one_target(),
          {step(1, from_client("S").fragment(0x2000), NLB_REASON_NEW_FLOW,
                to_target("S").fragment(0x2000)),
           step(1, from_client("S").fragment(0x0010).id(9), NLB_REASON_UNKNOWN_FRAGMENT),
           step(1, from_client("S").fragment(0x2010).to("203.0.113.9", 80), NLB_REASON_NOT_OURS)}});
}

BOOST_AUTO_TEST_CASE(headers_that_contradict_themselves_are_dropped) {
    play({"headers that contradict themselves are dropped",
          one_target(),
          {step(1, from_client("S").version_ihl(0x44), NLB_REASON_BAD_IP),
           step(1, from_client("S").version_ihl(0x65), NLB_REASON_BAD_IP),
           step(1, from_client("S").total_length(19), NLB_REASON_BAD_IP),
           step(1, from_client("S").total_length(39), NLB_REASON_BAD_TRANSPORT),
           step(1, from_client("S").data_offset(4), NLB_REASON_BAD_TRANSPORT),
           step(1, from_client("S").data_offset(6), NLB_REASON_BAD_TRANSPORT),
           step(1, from_client("S").data_offset(4).to("203.0.113.9", 80), NLB_REASON_NOT_OURS)}});
}

BOOST_AUTO_TEST_CASE(frames_that_end_too_early_are_dropped_and_payload_may_be_missing) {
    Row row{"frames that end too early are dropped and payload may be missing", one_target(), {}};
    for (std::size_t bytes = 0; bytes < 34; ++bytes)
        row.steps.push_back(step(1, from_client("S").cut(bytes), NLB_REASON_SHORT_FRAME));
    for (std::size_t bytes = 34; bytes < 54; ++bytes)
        row.steps.push_back(step(1, from_client("S").cut(bytes), NLB_REASON_BAD_TRANSPORT));
    for (std::size_t bytes = 14; bytes < 22; ++bytes)
        row.steps.push_back(
            step(1, from_client("S").vlan(1).vlan(2).cut(bytes), NLB_REASON_SHORT_FRAME));
    row.steps.push_back(open_flow());
    row.steps.push_back(step(2, from_client("A").payload("0123456789").cut(58), NLB_REASON_FLOW,
                             to_target("A").payload("0123456789").cut(58)));
    play(row);
}

BOOST_AUTO_TEST_CASE(a_group_without_targets_answers_with_a_reset) {
    play({"a group without targets answers with a reset",
          {listener_line(80), routing_line()},
          {step(1, from_client("S"), NLB_REASON_NO_TARGET,
                reset("RA").sequence(0).acknowledgment(1001))}});
}

BOOST_AUTO_TEST_CASE(a_listener_that_needs_sockets_is_handed_up) {
    auto routing = routing_line();
    routing.proxy_protocol_v2 = true;
    play({"a listener that needs sockets is handed up",
          {listener_line(80), routing, route_line(kTarget)},
          {step(1, from_client("S"), NLB_REASON_HANDED_UP),
           step(1, from_client("A"), NLB_REASON_HANDED_UP),
           step(1, from_client("R"), NLB_REASON_HANDED_UP)}});
}

BOOST_AUTO_TEST_CASE(a_capture_that_runs_backwards_expires_nothing) {
    play({"a capture that runs backwards expires nothing",
          one_target(),
          {open_flow(1000), data(1), answer(1340), data(900)}});
}

BOOST_AUTO_TEST_SUITE_END()
