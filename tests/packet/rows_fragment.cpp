// SPDX-License-Identifier: Apache-2.0
// Fragments: the first one holds the ports, the later ones follow it.
#include "packet/cast.hpp"
#include "tables/build.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb::test;

namespace {

const Setting kUdp{.protocol = nlb::model::Protocol::Udp};

bool is_v6(const Cast& c) {
    return c.client.find(':') != std::string_view::npos;
}

/// `packet` as the first fragment of datagram `id`.
PacketBuilder first_of(PacketBuilder packet, std::uint16_t id) {
    packet.udp().payload("first");
    return packet.is_v6() ? packet.fragment_header(0, true, id) : packet.fragment(0x2000).id(id);
}

/// The addresses of `packet` on a later one; the last, unless `more` follow.
PacketBuilder later_of(PacketBuilder packet, std::uint16_t id, bool more = false) {
    packet.udp().raw("later fragment, no ports");
    if (packet.is_v6()) return packet.fragment_header(100, more, id);
    return packet.fragment(static_cast<std::uint16_t>((more ? 0x2000 : 0) + 100)).id(id);
}

Make first(const Cast& c, double at, std::uint16_t id, nlb_l4_reason reason = NLB_REASON_FLOW) {
    return claims(at, first_of(from_client(c), id), reason, first_of(to_target(c), id));
}

Make later(const Cast& c, double at, std::uint16_t id, bool more = false) {
    return claims(at, later_of(from_client(c), id, more), NLB_REASON_FLOW,
                  later_of(to_target(c), id, more));
}

Make lost(const Cast& c, double at, std::uint16_t id) {
    return step(at, later_of(from_client(c), id), NLB_REASON_UNKNOWN_FRAGMENT);
}

/// A datagram whose entry takes the place of that of datagram 1.
std::uint16_t same_slot_as_1(const Cast& c) {
    const auto tables = nlb::tables::build(one_target(c, kUdp)).value();
    nlb::flow::UserEngine engine(tables);
    const auto decide = [&](const PacketBuilder& packet) {
        Frame frame = packet.build();
        return engine.decide(frame, nlb::Nanos::seconds(1)).verdict.reason;
    };
    decide(first_of(from_client(c), 1));
    for (std::uint16_t id = 2; id != 0; ++id) {
        decide(first_of(from_client(c), id));
        if (decide(later_of(from_client(c), 1)) == NLB_REASON_UNKNOWN_FRAGMENT) return id;
    }
    return 0;
}

} // namespace

BOOST_AUTO_TEST_SUITE(packet_rows)
BOOST_AUTO_TEST_SUITE(fragment)

BOOST_AUTO_TEST_CASE(later_fragments_follow_the_first_one_both_ways) {
    for (const Cast& c : kBoth)
        play({"later fragments follow the first one both ways",
              one_target(c, kUdp),
              {first(c, 1, 7, NLB_REASON_NEW_FLOW), later(c, 1, 7, true), later(c, 1, 7),
               [=](const Claimed& claimed) {
                   return Step{2, first_of(from_target(c, "", claimed.port), 7), NLB_REASON_REPLY,
                               first_of(to_client(c, ""), 7)};
               },
               [=](const Claimed& claimed) {
                   return Step{2, later_of(from_target(c, "", claimed.port), 7), NLB_REASON_REPLY,
                               later_of(to_client(c, ""), 7)};
               },
               lost(c, 3, 8)}});
}

BOOST_AUTO_TEST_CASE(a_fragment_before_the_first_one_is_lost) {
    for (const Cast& c : kBoth)
        play({"a fragment before the first one is lost",
              one_target(c, kUdp),
              {lost(c, 1, 7), first(c, 1, 7, NLB_REASON_NEW_FLOW), later(c, 1, 7)}});
}

BOOST_AUTO_TEST_CASE(the_first_fragment_is_remembered_for_30_seconds) {
    for (const Cast& c : kBoth)
        play({"the first fragment is remembered for 30 seconds",
              one_target(c, kUdp),
              {first(c, 1, 7, NLB_REASON_NEW_FLOW), later(c, 31, 7), lost(c, 31.001, 7),
               first(c, 32, 7), later(c, 20, 7), later(c, 62, 7)}});
}

BOOST_AUTO_TEST_CASE(a_datagram_with_the_same_slot_takes_it) {
    for (const Cast& c : kBoth) {
        const std::uint16_t other = same_slot_as_1(c);
        BOOST_REQUIRE(other != 0);
        play({"a datagram with the same slot takes it",
              one_target(c, kUdp),
              {first(c, 1, 1, NLB_REASON_NEW_FLOW), later(c, 1, 1), first(c, 2, other),
               later(c, 2, other), lost(c, 2, 1), first(c, 3, 1), later(c, 3, 1),
               lost(c, 3, other)}});
    }
}

BOOST_AUTO_TEST_CASE(datagrams_of_equal_number_are_told_apart_by_their_ends) {
    for (const Cast& c : kBoth)
        play({"datagrams of equal number are told apart by their ends",
              one_target(c, kUdp),
              {first(c, 1, 7, NLB_REASON_NEW_FLOW),
               step(1, later_of(from_client(c).from(c.second, 1), 7), NLB_REASON_UNKNOWN_FRAGMENT),
               step(1, later_of(from_client(c).to(c.inside, 1), 7), NLB_REASON_UNKNOWN_FRAGMENT),
               step(1, later_of(from_client(c).to(c.stranger, 1), 7), NLB_REASON_NOT_OURS)}});
    const Cast& c = kCast4;
    play({"datagrams of equal number are told apart by their protocol",
          one_target(c, kUdp),
          {first(c, 1, 7, NLB_REASON_NEW_FLOW),
           step(1, later_of(from_client(c), 7).protocol(6), NLB_REASON_UNKNOWN_FRAGMENT)}});
}

BOOST_AUTO_TEST_CASE(fragments_of_refused_and_foreign_packets_leave_no_trace) {
    for (const Cast& c : kBoth) {
        play({"fragments of refused packets leave no trace",
              one_target(c, kUdp),
              {step(1, first_of(from_client(c).to(c.node, 81), 7), NLB_REASON_NO_LISTENER),
               lost(c, 1, 7)}});
        play({"fragments of foreign packets pass",
              one_target(c, kUdp),
              {step(1, first_of(from_client(c).to(c.stranger, 80), 7), NLB_REASON_NOT_OURS),
               step(1, later_of(from_client(c).to(c.stranger, 80), 7), NLB_REASON_NOT_OURS)}});
    }
}

BOOST_AUTO_TEST_CASE(fragments_for_sockets_are_handed_up_all) {
    for (const Cast& c : kBoth) {
        const auto tcp = [=](bool is_first) {
            auto packet = from_client(c);
            if (!is_first) packet.raw("the rest");
            if (is_v6(c)) return packet.fragment_header(is_first ? 0 : 3, is_first, 7);
            return packet.fragment(is_first ? 0x2000 : 3).id(7);
        };
        play({"fragments for sockets are handed up, all of them",
              one_target(c, {.protocol = nlb::model::Protocol::Tls}),
              {step(1, tcp(true), NLB_REASON_HANDED_UP), step(1, tcp(false), NLB_REASON_HANDED_UP),
               step(32, tcp(false), NLB_REASON_UNKNOWN_FRAGMENT)}});
    }
}

BOOST_AUTO_TEST_CASE(a_first_fragment_without_its_whole_transport_header_is_dropped) {
    // RFC 1858, RFC 7112: otherwise ports and flags would come in a later one.
    for (const Cast& c : kBoth) {
        const std::uint16_t size = is_v6(c) ? 8 + 16 : 20 + 16; // 16 bytes of a TCP header
        auto tiny = from_client(c).total_length(size).cut(is_v6(c) ? 78 : 50);
        if (is_v6(c))
            tiny.fragment_header(0, true, 7);
        else
            tiny.fragment(0x2000);
        play({"a first fragment without its whole transport header is dropped",
              one_target(c),
              {step(1, tiny, NLB_REASON_BAD_TRANSPORT),
               step(1, PacketBuilder(tiny).cut(SIZE_MAX), NLB_REASON_BAD_TRANSPORT)}});
    }
}

BOOST_AUTO_TEST_CASE(fragments_of_a_flow_that_is_over_go_nowhere) {
    for (const Cast& c : kBoth)
        play({"fragments of a flow that is over go nowhere",
              one_target(c, kUdp),
              {first(c, 1, 7, NLB_REASON_NEW_FLOW),
               // A capture that jumps back and forth: the entry is young, the flow is old.
               first(c, 200, 9, NLB_REASON_NEW_FLOW), first(c, 100, 7),
               step(330, later_of(from_client(c), 9), NLB_REASON_UNKNOWN_FRAGMENT)}});
}

BOOST_AUTO_TEST_CASE(of_ipv6_only_the_first_next_header_counts) {
    // RFC 8200 4.5: those of the later fragments may differ. Options that belong to the fragmented
    // part are in the first fragment only.
    const Cast& c = kCast6;
    const auto opening = [](PacketBuilder packet) {
        return packet.udp().payload("first").fragment_header(0, true, 7).destination_options(16);
    };
    const auto rest = [](PacketBuilder packet, std::uint8_t next) {
        return packet.raw("rest").protocol(next).fragment_header(9, false, 7);
    };
    Row row{"of IPv6 only the first next header counts",
            one_target(c, kUdp),
            {claims(1, opening(from_client(c)), NLB_REASON_NEW_FLOW, opening(to_target(c)))}};
    for (const std::uint8_t next : std::initializer_list<std::uint8_t>{60, 17, 0, 6, 59, 44})
        row.steps.push_back(
            claims(2, rest(from_client(c), next), NLB_REASON_FLOW, rest(to_target(c), next)));
    play(row);
}

BOOST_AUTO_TEST_CASE(an_ipv6_fragment_that_is_the_whole_packet_is_no_fragment) {
    // RFC 6946; it leaves no trace either.
    const Cast& c = kCast6;
    const auto atomic = [](PacketBuilder packet) {
        return packet.udp().fragment_header(0, false, 7);
    };
    play({"an IPv6 fragment that is the whole packet is no fragment",
          one_target(c, kUdp),
          {claims(1, atomic(from_client(c)), NLB_REASON_NEW_FLOW, atomic(to_target(c))),
           lost(c, 1, 7)}});
}

BOOST_AUTO_TEST_CASE(fragments_of_fragments_are_dropped) {
    const Cast& c = kCast6;
    const auto twice = from_client(c).udp().fragment_header(0, true, 7).fragment_header(0, true, 8);
    play({"fragments of fragments are dropped",
          one_target(c, kUdp),
          {step(1, twice, NLB_REASON_BAD_IP)}});
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
