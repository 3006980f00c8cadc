// SPDX-License-Identifier: Apache-2.0
// IPv6 extension headers and lengths.
#include "packet/cast.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb::test;

namespace {

const Cast& c = kCast6;

} // namespace

BOOST_AUTO_TEST_SUITE(packet_rows)
BOOST_AUTO_TEST_SUITE(ipv6)

BOOST_AUTO_TEST_CASE(extension_headers_are_skipped_and_kept) {
    const auto dressed = [](PacketBuilder packet) {
        return packet.hop_by_hop(16)
            .destination_options(8)
            .routing(0, 24)
            .fragment_header(0, false, 77)
            .destination_options(40);
    };
    play({"extension headers are skipped and kept",
          one_target(c),
          {claims(1, dressed(from_client(c)), NLB_REASON_NEW_FLOW, dressed(to_target(c))),
           [=](const Claimed& claimed) {
               return Step{2, dressed(from_target(c, "SA", claimed.port)), NLB_REASON_REPLY,
                           dressed(to_client(c, "SA"))};
           },
           claims(3, dressed(from_client(c, "A")).vlan(1).vlan(2), NLB_REASON_FLOW,
                  dressed(to_target(c, "A")).vlan(1).vlan(2))}});
}

BOOST_AUTO_TEST_CASE(the_chain_of_extension_headers_is_bounded) {
    const auto chain = [](PacketBuilder packet, int headers, std::size_t last = 8) {
        for (int i = 1; i < headers; ++i)
            packet.destination_options(8);
        return packet.destination_options(last);
    };
    play({"the chain of extension headers is bounded",
          one_target(c),
          {claims(1, chain(from_client(c), 6), NLB_REASON_NEW_FLOW, chain(to_target(c), 6)),
           step(1, chain(from_client(c), 7), NLB_REASON_TOO_MANY_EXTENSIONS),
           step(1, chain(from_client(c).to(c.stranger, 80), 7), NLB_REASON_NOT_OURS),
           claims(1, chain(from_client(c), 1, 256), NLB_REASON_FLOW, chain(to_target(c), 1, 256)),
           step(1, chain(from_client(c), 1, 512), NLB_REASON_TOO_MANY_EXTENSIONS),
           step(1, chain(from_client(c), 1, 2048), NLB_REASON_TOO_MANY_EXTENSIONS),
           step(1, chain(from_client(c), 2, 2048), NLB_REASON_TOO_MANY_EXTENSIONS)}});
}

BOOST_AUTO_TEST_CASE(a_packet_that_is_only_passing_by_its_route_is_no_packet_for_the_listener) {
    // RFC 8200 4.4: with segments left this is not the final destination, and the transport
    // checksum is not about it.
    play({"a packet that is only passing by its route is no packet for the listener",
          one_target(c),
          {step(1, from_client(c).routing(1, 24), NLB_REASON_OTHER_PROTOCOL),
           step(1, from_client(c).hop_by_hop().routing(255, 24), NLB_REASON_OTHER_PROTOCOL),
           step(1, from_client(c).to(c.stranger, 80).routing(1, 24), NLB_REASON_NOT_OURS),
           claims(1, from_client(c).routing(0, 24), NLB_REASON_NEW_FLOW,
                  to_target(c).routing(0, 24))}});
}

BOOST_AUTO_TEST_CASE(lengths_that_contradict_each_other_are_dropped) {
    play({"lengths that contradict each other are dropped",
          one_target(c),
          {step(1, from_client(c).total_length(19), NLB_REASON_BAD_TRANSPORT),
           step(1, from_client(c).total_length(0), NLB_REASON_BAD_TRANSPORT),
           step(1, from_client(c).hop_by_hop(16).total_length(15), NLB_REASON_BAD_IP),
           step(1, from_client(c).hop_by_hop(16).total_length(16), NLB_REASON_BAD_TRANSPORT),
           step(1, from_client(c).hop_by_hop(16).total_length(0), NLB_REASON_BAD_IP), // a jumbogram
           step(1, from_client(c).version_ihl(0x45), NLB_REASON_BAD_IP),
           step(1, from_client(c).version_ihl(0x70), NLB_REASON_BAD_IP),
           step(1, from_client(c).ethertype(0x0800), NLB_REASON_BAD_IP),
           step(1, from_client(c).data_offset(4), NLB_REASON_BAD_TRANSPORT),
           step(1, from_client(c).data_offset(6), NLB_REASON_BAD_TRANSPORT),
           claims(1, from_client(c).total_length(0xffff), NLB_REASON_NEW_FLOW,
                  to_target(c).total_length(0xffff))}});
}

BOOST_AUTO_TEST_CASE(what_is_no_transport_is_dropped_at_the_node) {
    play({"what is no transport is dropped at the node",
          one_target(c),
          {step(1, from_client(c).protocol(59), NLB_REASON_OTHER_PROTOCOL), // no next header
           step(1, from_client(c).protocol(51), NLB_REASON_OTHER_PROTOCOL), // authentication
           step(1, from_client(c).protocol(1), NLB_REASON_OTHER_PROTOCOL),  // ICMP of IPv4
           step(1, from_client(c).protocol(59).to(c.stranger, 0), NLB_REASON_NOT_OURS)}});
    play({"ICMP of IPv6 is nothing to IPv4",
          one_target(kCast4),
          {step(1, from_client(kCast4).protocol(58), NLB_REASON_OTHER_PROTOCOL)}});
}

BOOST_AUTO_TEST_CASE(frames_that_end_too_early_are_dropped) {
    Row row{"IPv6 frames that end too early are dropped", one_target(c), {}};
    for (std::size_t bytes = 0; bytes < 54; ++bytes)
        row.steps.push_back(step(1, from_client(c).cut(bytes), NLB_REASON_SHORT_FRAME));
    for (std::size_t bytes = 54; bytes < 74; ++bytes)
        row.steps.push_back(step(1, from_client(c).cut(bytes), NLB_REASON_BAD_TRANSPORT));
    for (std::size_t bytes = 54; bytes < 62; ++bytes)
        row.steps.push_back(
            step(1, from_client(c).hop_by_hop(24).cut(bytes), NLB_REASON_SHORT_FRAME));
    row.steps.push_back(open_flow(c));
    row.steps.push_back(claims(2, from_client(c, "A").payload("0123456789").cut(78),
                               NLB_REASON_FLOW, to_target(c, "A").payload("0123456789").cut(78)));
    play(row);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
