// SPDX-License-Identifier: Apache-2.0
// Datagrams.
#include "packet/cast.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb::test;

namespace {

const Setting kUdp{.protocol = nlb::model::Protocol::Udp};
const Setting kUdpPreserved{.preserve = true, .protocol = nlb::model::Protocol::Udp};

PacketBuilder ask(const Cast& c, std::string_view text = "?") {
    return from_client(c).udp().payload(text);
}

PacketBuilder asked(const Cast& c, std::string_view text = "?") {
    return to_target(c).udp().payload(text);
}

Make reply(const Cast& c, double at, std::string_view text = "!") {
    return [=](const Claimed& claimed) {
        return Step{at, from_target(c, "", claimed.port).udp().payload(text), NLB_REASON_REPLY,
                    to_client(c, "").udp().payload(text)};
    };
}

/// A payload with which the UDP checksum of the packet comes out as `wanted`.
std::string payload_for(const PacketBuilder& packet, std::uint16_t wanted) {
    PacketBuilder probe = packet;
    Frame frame = probe.payload(std::string(2, '\0')).build();
    const std::size_t field = frame.size() - 4;
    // The sum without payload is ~checksum; the two bytes make up for the rest.
    const std::uint32_t sum = 0xffffU - word(frame, field);
    const std::uint32_t add = (0xffffU - wanted + 0xffffU - sum) % 0xffffU;
    return {static_cast<char>(add >> 8U), static_cast<char>(add)};
}

} // namespace

BOOST_AUTO_TEST_SUITE(packet_rows)
BOOST_AUTO_TEST_SUITE(udp)

BOOST_AUTO_TEST_CASE(datagrams_are_rewritten_both_ways) {
    for (const Cast& c : kBoth) {
        play({"datagrams are rewritten both ways",
              one_target(c, kUdp),
              {claims(1, ask(c), NLB_REASON_NEW_FLOW, asked(c)), reply(c, 2),
               claims(3, ask(c, ""), NLB_REASON_FLOW, asked(c, "")), reply(c, 4, "odd"),
               claims(5, ask(c, std::string(1400, 'x')), NLB_REASON_FLOW,
                      asked(c, std::string(1400, 'x')))}});
        play({"datagrams keep the client's address",
              one_target(c, kUdpPreserved),
              {step(1, ask(c), NLB_REASON_NEW_FLOW, to_target_preserved(c).udp().payload("?")),
               step(2, from_target_preserved(c, "").udp().payload("!"), NLB_REASON_REPLY,
                    to_client(c, "").udp().payload("!"))}});
    }
}

BOOST_AUTO_TEST_CASE(datagrams_without_a_checksum_stay_without) {
    for (const Cast& c : kBoth)
        play({"datagrams without a checksum stay without",
              one_target(c, kUdp),
              {claims(1, ask(c).no_checksum(), NLB_REASON_NEW_FLOW, asked(c).no_checksum()),
               [=](const Claimed& claimed) {
                   return Step{2, from_target(c, "", claimed.port).udp().no_checksum(),
                               NLB_REASON_REPLY, to_client(c, "").udp().no_checksum()};
               },
               claims(3, ask(c), NLB_REASON_FLOW, asked(c))}});
}

BOOST_AUTO_TEST_CASE(arithmetic_never_makes_a_checksum_of_zero) {
    // Preserved: what the target sees is known, so a payload can be made whose checksum there is 0,
    // which is sent as 0xffff, and one that comes as 0xffff.
    for (const Cast& c : kBoth) {
        const PacketBuilder there = to_target_preserved(c).udp();
        const PacketBuilder here = from_client(c).udp();
        const std::string to_zero = payload_for(there, 0);
        const std::string from_zero = payload_for(here, 0);
        const Frame built = PacketBuilder(there).payload(to_zero).build();
        BOOST_TEST(word(built, built.size() - 4) == 0xffffU);
        play({"arithmetic never makes a checksum of zero",
              one_target(c, kUdpPreserved),
              {step(1, PacketBuilder(here).payload(to_zero), NLB_REASON_NEW_FLOW,
                    PacketBuilder(there).payload(to_zero)),
               step(2, PacketBuilder(here).payload(from_zero), NLB_REASON_FLOW,
                    PacketBuilder(there).payload(from_zero))}});
    }
}

BOOST_AUTO_TEST_CASE(after_120_seconds_of_silence_a_datagram_is_a_new_flow) {
    for (const Cast& c : kBoth)
        play(
            {"after 120 seconds of silence a datagram is a new flow",
             one_target(c, kUdp),
             {claims(1, ask(c), NLB_REASON_NEW_FLOW, asked(c)), reply(c, 121),
              claims(241, ask(c), NLB_REASON_FLOW, asked(c)),
              claims(361.1, ask(c), NLB_REASON_NEW_FLOW, asked(c)), reply(c, 362),
              [=](const Claimed& claimed) {
                  return Step{483, from_target(c, "", claimed.port).udp(), NLB_REASON_FLOW_EXPIRED};
              }}});
}

BOOST_AUTO_TEST_CASE(the_timeout_of_datagrams_does_not_follow_that_of_connections) {
    for (const Cast& c : kBoth) {
        Lines lines = one_target(c, {.protocol = nlb::model::Protocol::TcpUdp});
        std::get<nlb::contract::Listener>(lines[0]).idle_timeout_ms = 6'000'000;
        play({"the timeout of datagrams does not follow that of connections",
              lines,
              {claims(1, ask(c), NLB_REASON_NEW_FLOW, asked(c)),
               claims(121.5, ask(c), NLB_REASON_NEW_FLOW, asked(c)), open_flow(c, 200),
               data(c, 6200)}});
    }
}

BOOST_AUTO_TEST_CASE(a_datagram_that_meets_no_target_is_dropped) {
    for (const Cast& c : kBoth) {
        play({"a datagram that meets no target is dropped",
              listener(c, kUdp),
              {step(1, ask(c), NLB_REASON_NO_TARGET)}});
        play({"a datagram of the target itself is dropped with preservation",
              one_target(c, kUdpPreserved),
              {step(1, ask(c).from(c.target, 5353), NLB_REASON_HAIRPIN)}});
    }
}

BOOST_AUTO_TEST_CASE(a_segment_for_a_udp_listener_is_unintended) {
    for (const Cast& c : kBoth)
        play({"a segment for a UDP listener is unintended",
              one_target(c, kUdp),
              {step(1, from_client(c), NLB_REASON_NO_LISTENER),
               step(1, from_client(c, "A"), NLB_REASON_NO_LISTENER)}});
}

BOOST_AUTO_TEST_CASE(a_datagram_is_cut_or_too_short_for_its_header) {
    for (const Cast& c : kBoth) {
        const std::uint16_t ip = c.client.find(':') == std::string_view::npos ? 20 : 0;
        const std::size_t header = ip == 0 ? 54 : 34;
        play({"a datagram is cut or too short for its header",
              one_target(c, kUdp),
              {step(1, ask(c).total_length(ip + 7), NLB_REASON_BAD_TRANSPORT),
               step(1, ask(c).cut(header + 7), NLB_REASON_BAD_TRANSPORT),
               step(1, ask(c).cut(header + 7).to(c.stranger, 53), NLB_REASON_NOT_OURS),
               claims(1, ask(c, "0123456789").cut(header + 8), NLB_REASON_NEW_FLOW,
                      asked(c, "0123456789").cut(header + 8))}});
    }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
