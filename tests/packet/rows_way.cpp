// SPDX-License-Identifier: Apache-2.0
// What may stand in the way of a packet that is to go on: the next hop's MTU, and hops used up.
#include "packet/cast.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb::test;

namespace {

constexpr std::uint32_t kMtu = 1300;
const nlb::flow::EngineLimits kNarrow{.most_flows = 4096, .mtu = kMtu};

bool is_v6(const Cast& c) {
    return c.client.find(':') != std::string_view::npos;
}

/// A payload with which a packet without options is so many bytes long.
std::string filling(const Cast& c, std::size_t bytes, std::size_t transport = 20) {
    return std::string(bytes - transport - (is_v6(c) ? 40 : 20), 'x');
}

/// What the node answers to a packet that is too big.
PacketBuilder too_big(const Cast& c, const PacketBuilder& packet) {
    PacketBuilder answer;
    answer.from(c.node).id(0).turned();
    if (is_v6(c)) return answer.icmp(2, 0, kMtu).quoting(packet, 128);
    return answer.icmp(3, 4, kMtu).quoting(packet, 68);
}

} // namespace

BOOST_AUTO_TEST_SUITE(packet_rows)
BOOST_AUTO_TEST_SUITE(way)

BOOST_AUTO_TEST_CASE(
    a_packet_of_the_client_that_is_too_big_is_answered_from_the_listeners_address) {
    for (const Cast& c : kBoth) {
        const auto fits = from_client(c, "A").payload(filling(c, kMtu));
        const auto big = from_client(c, "A").payload(filling(c, kMtu + 1)).ttl(9).id(99);
        play({"a packet of the client that is too big is answered",
              one_target(c),
              {open_flow(c),
               claims(2, fits, NLB_REASON_FLOW, to_target(c, "A").payload(filling(c, kMtu))),
               step(3, big, NLB_REASON_PACKET_TOO_BIG, too_big(c, big).to(c.client)),
               step(4, PacketBuilder(big).vlan(7).vlan(8), NLB_REASON_PACKET_TOO_BIG,
                    too_big(c, big).to(c.client).vlan(7).vlan(8))},
              kNarrow});
    }
}

BOOST_AUTO_TEST_CASE(
    a_packet_of_the_target_that_is_too_big_is_answered_from_the_listeners_address) {
    for (const Cast& c : kBoth) {
        play({"a packet of the target that is too big is answered",
              one_target(c),
              {open_flow(c),
               [=](const Claimed& claimed) {
                   const auto big = from_target(c, "A", claimed.port).payload(filling(c, kMtu + 1));
                   return Step{2, big, NLB_REASON_PACKET_TOO_BIG, too_big(c, big).to(c.target)};
               }},
              kNarrow});
        const auto big = from_target_preserved(c, "A").payload(filling(c, 1500));
        play({"a packet of the target that is too big is answered with preservation",
              one_target(c, {.preserve = true}),
              {step(1, from_client(c), NLB_REASON_NEW_FLOW, to_target_preserved(c)),
               step(2, big, NLB_REASON_PACKET_TOO_BIG, too_big(c, big).to(c.target))},
              kNarrow});
    }
}

BOOST_AUTO_TEST_CASE(a_datagram_that_is_too_big_opens_its_flow_all_the_same) {
    for (const Cast& c : kBoth) {
        const auto big = from_client(c).udp().payload(filling(c, kMtu + 1, 8));
        play({"a datagram that is too big opens its flow all the same",
              one_target(c, {.protocol = nlb::model::Protocol::Udp}),
              {step(1, big, NLB_REASON_PACKET_TOO_BIG, too_big(c, big).to(c.client)),
               claims(2, from_client(c).udp(), NLB_REASON_FLOW, to_target(c).udp())},
              kNarrow});
    }
}

BOOST_AUTO_TEST_CASE(an_ipv4_packet_that_may_be_split_goes_on) {
    const Cast& c = kCast4;
    const auto big = filling(c, 1500);
    play({"an IPv4 packet that may be split goes on",
          one_target(c),
          {open_flow(c), claims(2, from_client(c, "A").payload(big).fragment(0), NLB_REASON_FLOW,
                                to_target(c, "A").payload(big).fragment(0))},
          kNarrow});
}

BOOST_AUTO_TEST_CASE(errors_and_later_fragments_are_never_answered_with_an_error) {
    // RFC 1122 3.2.2.
    for (const Cast& c : kBoth) {
        const auto quoted = from_client(c, "A").payload(std::string(1400, 'q'));
        const auto sent = [=](std::uint16_t port) {
            return to_target(c, "A", port).payload(std::string(1400, 'q'));
        };
        const std::uint8_t type = is_v6(c) ? 1 : 3;
        Row row{"errors and later fragments are never answered with an error",
                one_target(c),
                {open_flow(c),
                 [=](const Claimed& claimed) {
                     return Step{
                         2,
                         PacketBuilder()
                             .icmp(type, 0)
                             .quoting(sent(claimed.port))
                             .from(c.router)
                             .to(c.inside),
                         NLB_REASON_ICMP_ERROR,
                         PacketBuilder().icmp(type, 0).quoting(quoted).from(c.node).to(c.client)};
                 }},
                kNarrow};
        const auto cut = [=](PacketBuilder packet, bool first) {
            if (is_v6(c)) return packet.fragment_header(first ? 0 : 9, first, 5);
            return packet.fragment(first ? 0x6000 : 0x4009).id(5);
        };
        row.steps.push_back(claims(3, cut(from_client(c, "A"), true), NLB_REASON_FLOW,
                                   cut(to_target(c, "A"), true)));
        row.steps.push_back(claims(4, cut(from_client(c, "A").raw(std::string(1400, 'f')), false),
                                   NLB_REASON_FLOW,
                                   cut(to_target(c, "A").raw(std::string(1400, 'f')), false)));
        play(row);
    }
}

BOOST_AUTO_TEST_CASE(a_packet_without_its_payload_cannot_be_answered_that_it_is_too_big) {
    for (const Cast& c : kBoth)
        play({"a packet without its payload cannot be answered that it is too big",
              one_target(c),
              {open_flow(c), step(2, from_client(c, "A").payload(filling(c, 1400)).cut(90),
                                  NLB_REASON_REWRITE_FAILED)},
              kNarrow});
}

BOOST_AUTO_TEST_CASE(a_packet_that_used_up_its_hops_ends_here) {
    for (const Cast& c : kBoth) {
        Row row{
            "a packet that used up its hops ends here",
            one_target(c),
            {open_flow(c), answer(c, 2),
             step(3, from_client(c, "A").ttl(1), NLB_REASON_TTL_EXPIRED),
             step(3, from_client(c, "A").ttl(0), NLB_REASON_TTL_EXPIRED),
             claims(3, from_client(c, "A").ttl(2), NLB_REASON_FLOW, to_target(c, "A")),
             claims(3, from_client(c, "A").ttl(255), NLB_REASON_FLOW, to_target(c, "A")),
             step(4, from_client(c, "A").ttl(1).payload(filling(c, 1500)), NLB_REASON_TTL_EXPIRED)},
            kNarrow};
        for (std::uint8_t hops = 0; hops < 2; ++hops)
            row.steps.push_back([=](const Claimed& claimed) {
                return Step{5, from_target(c, "A", claimed.port).ttl(hops), NLB_REASON_TTL_EXPIRED};
            });
        play(row);
    }
}

BOOST_AUTO_TEST_CASE(a_packet_that_used_up_its_hops_opens_no_flow) {
    for (const Cast& c : kBoth)
        play({"a packet that used up its hops opens no flow",
              one_target(c),
              {step(1, from_client(c).ttl(1), NLB_REASON_TTL_EXPIRED),
               step(2, from_client(c, "A"), NLB_REASON_NO_FLOW, reset(c, "R").sequence(0)),
               open_flow(c, 3)}});
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
