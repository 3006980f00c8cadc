// SPDX-License-Identifier: Apache-2.0
// Link headers, IPv4 headers, and frames that end too early.
#include "packet/cast.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb::test;

namespace {

const Cast& c = kCast4;

} // namespace

BOOST_AUTO_TEST_SUITE(packet_rows)
BOOST_AUTO_TEST_SUITE(frame)

BOOST_AUTO_TEST_CASE(options_and_padding_are_kept) {
    play({"options and padding are kept",
          one_target(c),
          {claims(1, from_client(c).ip_options(40).tcp_options(40), NLB_REASON_NEW_FLOW,
                  to_target(c).ip_options(40).tcp_options(40)),
           claims(4, from_client(c, "A").padded(60), NLB_REASON_FLOW,
                  to_target(c, "A").padded(60))}});
}

BOOST_AUTO_TEST_CASE(up_to_two_tags_are_kept) {
    for (const Cast& both : kBoth) {
        const auto tagged = [](PacketBuilder packet, std::uint16_t outer, std::uint16_t inner) {
            return packet.vlan(7, outer).vlan(4095, inner);
        };
        Row row{"up to two tags are kept", one_target(both), {open_flow(both)}};
        for (const std::uint16_t outer : std::initializer_list<std::uint16_t>{0x8100, 0x88a8}) {
            row.steps.push_back(claims(2, from_client(both, "A").vlan(7, outer), NLB_REASON_FLOW,
                                       to_target(both, "A").vlan(7, outer)));
            for (const std::uint16_t inner : std::initializer_list<std::uint16_t>{0x8100, 0x88a8}) {
                row.steps.push_back(claims(2, tagged(from_client(both, "A"), outer, inner),
                                           NLB_REASON_FLOW,
                                           tagged(to_target(both, "A"), outer, inner)));
                row.steps.push_back(step(2, tagged(from_client(both, "A"), outer, inner).vlan(9),
                                         NLB_REASON_TOO_MANY_TAGS));
                row.steps.push_back(
                    step(2, tagged(from_client(both, "A"), outer, inner).ethertype(0x0806),
                         NLB_REASON_NOT_IP));
            }
        }
        row.steps.push_back(
            step(2, from_client(both, "A").vlan(7, 0x9100), NLB_REASON_NOT_IP)); // no known tag
        play(row);
    }
}

BOOST_AUTO_TEST_CASE(headers_that_contradict_themselves_are_dropped) {
    play({"headers that contradict themselves are dropped",
          one_target(c),
          {step(1, from_client(c).version_ihl(0x44), NLB_REASON_BAD_IP),
           step(1, from_client(c).version_ihl(0x65), NLB_REASON_BAD_IP),
           step(1, from_client(c).ethertype(0x86dd), NLB_REASON_BAD_IP),
           step(1, from_client(c).total_length(19), NLB_REASON_BAD_IP),
           step(1, from_client(c).total_length(39), NLB_REASON_BAD_TRANSPORT),
           step(1, from_client(c).total_length(20), NLB_REASON_BAD_TRANSPORT),
           step(1, from_client(c).data_offset(4), NLB_REASON_BAD_TRANSPORT),
           step(1, from_client(c).data_offset(6), NLB_REASON_BAD_TRANSPORT),
           step(1, from_client(c).data_offset(4).to(c.stranger, 80), NLB_REASON_NOT_OURS),
           step(1, from_client(c).version_ihl(0x4f), NLB_REASON_BAD_IP)}});
}

BOOST_AUTO_TEST_CASE(frames_that_end_too_early_are_dropped_and_payload_may_be_missing) {
    Row row{"frames that end too early are dropped and payload may be missing", one_target(c), {}};
    for (std::size_t bytes = 0; bytes < 34; ++bytes)
        row.steps.push_back(step(1, from_client(c).cut(bytes), NLB_REASON_SHORT_FRAME));
    for (std::size_t bytes = 34; bytes < 54; ++bytes)
        row.steps.push_back(step(1, from_client(c).cut(bytes), NLB_REASON_BAD_TRANSPORT));
    for (std::size_t bytes = 14; bytes < 22; ++bytes)
        row.steps.push_back(
            step(1, from_client(c).vlan(1).vlan(2).cut(bytes), NLB_REASON_SHORT_FRAME));
    row.steps.push_back(open_flow(c));
    row.steps.push_back(claims(2, from_client(c, "A").payload("0123456789").cut(58),
                               NLB_REASON_FLOW, to_target(c, "A").payload("0123456789").cut(58)));
    play(row);
}

BOOST_AUTO_TEST_CASE(the_longest_packet_and_the_shortest_go_on) {
    for (const Cast& both : kBoth) {
        const std::string most(65535 - 40 - (both.client == kCast6.client ? 20 : 0), 'm');
        play({"the longest packet and the shortest go on",
              one_target(both),
              {open_flow(both),
               claims(2, from_client(both, "A").payload(most), NLB_REASON_FLOW,
                      to_target(both, "A").payload(most)),
               claims(2, from_client(both, "A"), NLB_REASON_FLOW, to_target(both, "A"))}});
    }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
