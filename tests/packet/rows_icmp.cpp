// SPDX-License-Identifier: Apache-2.0
// ICMP: errors about packets of a flow reach the side that sent them, and nothing else is taken.
#include "packet/cast.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb::test;

namespace {

bool is_v6(const Cast& c) {
    return c.client.find(':') != std::string_view::npos;
}

struct Kind {
    std::uint8_t type;
    std::uint8_t code;
    std::uint32_t rest;
};

/// Errors that belong to flows.
std::vector<Kind> errors(const Cast& c) {
    if (is_v6(c)) return {{1, 0, 0}, {1, 1, 0}, {1, 3, 0}, {1, 4, 0}, {2, 0, 1280}};
    std::vector<Kind> kinds;
    for (std::uint8_t code = 0; code < 16; ++code)
        kinds.push_back({3, code, code == 4 ? 1400U : 0U});
    return kinds;
}

PacketBuilder error(const Kind& kind, const PacketBuilder& quoted, std::size_t bytes = SIZE_MAX) {
    return PacketBuilder().icmp(kind.type, kind.code, kind.rest).quoting(quoted, bytes);
}

PacketBuilder dressed(PacketBuilder packet) {
    return packet.ttl(57).id(77).traffic_class(8).payload("some payload");
}

/// A router on the client's side could not pass on what the node sent to the client.
Make about_reply(const Cast& c, double at, Kind kind, std::size_t bytes = SIZE_MAX) {
    return [=](const Claimed& claimed) {
        auto in = error(kind, dressed(to_client(c, "PA")), bytes);
        auto out = error(kind, dressed(from_target(c, "PA", claimed.port)), bytes);
        return Step{at, in.from(c.router).to(c.node), NLB_REASON_ICMP_ERROR,
                    out.from(c.inside).to(c.target)};
    };
}

/// The same on the target's side.
Make about_request(const Cast& c, double at, Kind kind, std::size_t bytes = SIZE_MAX) {
    return [=](const Claimed& claimed) {
        auto in = error(kind, dressed(to_target(c, "PA", claimed.port)), bytes);
        auto out = error(kind, dressed(from_client(c, "PA")), bytes);
        return Step{at, in.from(c.router).to(c.inside), NLB_REASON_ICMP_ERROR,
                    out.from(c.node).to(c.client)};
    };
}

} // namespace

BOOST_AUTO_TEST_SUITE(packet_rows)
BOOST_AUTO_TEST_SUITE(icmp)

BOOST_AUTO_TEST_CASE(errors_reach_the_sender_of_the_packet_they_quote) {
    for (const Cast& c : kBoth) {
        Row row{"errors reach the sender of the packet they quote",
                one_target(c),
                {open_flow(c), answer(c, 2)}};
        for (const Kind& kind : errors(c)) {
            row.steps.push_back(about_reply(c, 3, kind));
            row.steps.push_back(about_request(c, 3, kind));
        }
        play(row);
    }
}

BOOST_AUTO_TEST_CASE(errors_may_quote_any_part_of_a_packet_that_has_the_ports) {
    for (const Cast& c : kBoth) {
        const std::size_t header = is_v6(c) ? 40 : 20;
        Row row{"errors may quote any part of a packet that has the ports",
                one_target(c),
                {open_flow(c), answer(c, 2)}};
        for (std::size_t bytes = 4; bytes < 28; ++bytes) {
            if (bytes == 17) continue; // half of a checksum cannot follow a change
            row.steps.push_back(about_reply(c, 3, errors(c)[1], header + bytes));
            row.steps.push_back(about_request(c, 3, errors(c)[1], header + bytes));
        }
        for (std::size_t bytes = 0; bytes < 4; ++bytes)
            row.steps.push_back(step(4,
                                     error(errors(c)[1], to_client(c, "A"), header + bytes)
                                         .from(c.router)
                                         .to(c.node)
                                         .padded(150),
                                     NLB_REASON_BAD_TRANSPORT));
        play(row);
    }
}

BOOST_AUTO_TEST_CASE(errors_keep_tags_options_and_extension_headers) {
    play({"errors keep tags and options",
          one_target(kCast4),
          {open_flow(kCast4), [](const Claimed& claimed) {
               auto in = error({3, 1, 0}, to_target(kCast4, "A", claimed.port).ip_options(40));
               auto out = error({3, 1, 0}, from_client(kCast4, "A").ip_options(40));
               in.from(kCast4.router).to(kCast4.inside).ip_options(40).vlan(7).vlan(8);
               out.from(kCast4.node).to(kCast4.client).ip_options(40).vlan(7).vlan(8);
               return Step{2, in, NLB_REASON_ICMP_ERROR, out};
           }}});
    play({"errors keep extension headers",
          one_target(kCast6),
          {open_flow(kCast6), [](const Claimed& claimed) {
               auto in = error({1, 0, 0}, to_target(kCast6, "A", claimed.port));
               auto out = error({1, 0, 0}, from_client(kCast6, "A"));
               in.from(kCast6.router).to(kCast6.inside).hop_by_hop(24).destination_options(16);
               out.from(kCast6.node).to(kCast6.client).hop_by_hop(24).destination_options(16);
               return Step{2, in, NLB_REASON_ICMP_ERROR, out};
           }}});
}

BOOST_AUTO_TEST_CASE(errors_about_datagrams_are_rewritten_with_their_checksum) {
    for (const Cast& c : kBoth) {
        const Kind kind = is_v6(c) ? Kind{1, 4, 0} : Kind{3, 3, 0};
        const auto refuse = [=](bool has_checksum) {
            return [=](const Claimed& claimed) {
                auto sent = to_target(c, "", claimed.port).udp().payload("?");
                auto original = from_client(c).udp().payload("?");
                if (!has_checksum) sent.no_checksum();
                if (!has_checksum) original.no_checksum();
                return Step{2, error(kind, sent).from(c.target).to(c.inside), NLB_REASON_ICMP_ERROR,
                            error(kind, original).from(c.node).to(c.client)};
            };
        };
        play({"a port that a target does not serve is told to the client",
              one_target(c, {.protocol = nlb::model::Protocol::Udp}),
              {claims(1, from_client(c).udp(), NLB_REASON_NEW_FLOW, to_target(c).udp()),
               refuse(true), refuse(false)}});
    }
}

BOOST_AUTO_TEST_CASE(with_preservation_errors_for_the_client_come_by_the_node_too) {
    for (const Cast& c : kBoth) {
        const Kind kind = errors(c).back();
        play({"with preservation errors for the client come by the node too",
              one_target(c, {.preserve = true}),
              {step(1, from_client(c), NLB_REASON_NEW_FLOW, to_target_preserved(c)),
               step(2, error(kind, to_target_preserved(c, "A")).from(c.router).to(c.client),
                    NLB_REASON_ICMP_ERROR,
                    error(kind, from_client(c, "A")).from(c.node).to(c.client)),
               step(3, error(kind, to_client(c, "A")).from(c.router).to(c.node),
                    NLB_REASON_ICMP_ERROR,
                    error(kind, from_target_preserved(c, "A")).from(c.client).to(c.target))}});
    }
}

BOOST_AUTO_TEST_CASE(errors_about_no_flow_are_dropped_at_the_node) {
    for (const Cast& c : kBoth) {
        const Kind kind = errors(c)[0];
        play(
            {"errors about no flow are dropped at the node",
             one_target(c),
             {step(1, error(kind, to_client(c, "A")).from(c.router).to(c.node),
                   NLB_REASON_ICMP_NO_FLOW),
              step(1, error(kind, from_client(c).from(c.stranger, 5)).from(c.router).to(c.stranger),
                   NLB_REASON_NOT_OURS),
              open_flow(c),
              step(2, error(kind, to_client(c, "").udp()).from(c.router).to(c.node),
                   NLB_REASON_ICMP_NO_FLOW),
              step(352, error(kind, to_client(c, "A")).from(c.router).to(c.node),
                   NLB_REASON_ICMP_NO_FLOW)}});
    }
}

BOOST_AUTO_TEST_CASE(an_error_does_not_refresh_a_flow) {
    for (const Cast& c : kBoth)
        play(
            {"an error does not refresh a flow",
             one_target(c),
             {open_flow(c), about_reply(c, 300, errors(c)[0]), about_request(c, 340, errors(c)[0]),
              step(352, from_client(c, "A"), NLB_REASON_FLOW_EXPIRED, reset(c, "R").sequence(0))}});
}

BOOST_AUTO_TEST_CASE(an_error_goes_to_the_sender_of_what_it_quotes_or_is_none) {
    // RFC 792, RFC 4443 2.2: the destination is the source of the packet that caused it.
    for (const Cast& c : kBoth) {
        const auto forged = error(errors(c)[0], to_client(c, "A")).from(c.router);
        play(
            {"an error goes to the sender of what it quotes or is none",
             one_target(c),
             {open_flow(c), step(2, PacketBuilder(forged).to(c.inside), NLB_REASON_ICMP_REFUSED),
              step(2, PacketBuilder(forged).to(c.stranger), NLB_REASON_NOT_OURS),
              step(
                  2,
                  error(errors(c)[0], from_client(c).from(c.stranger, 1)).from(c.router).to(c.node),
                  NLB_REASON_ICMP_REFUSED)}});
    }
}

BOOST_AUTO_TEST_CASE(no_other_icmp_is_taken) {
    for (const Cast& c : kBoth) {
        Row row{"no other ICMP is taken", one_target(c), {open_flow(c)}};
        const std::vector<std::uint8_t> types =
            is_v6(c) ? std::vector<std::uint8_t>{0, 3, 4, 100, 127, 128, 129, 138, 142, 144, 255}
                     : std::vector<std::uint8_t>{0, 1, 2, 4, 5, 8, 9, 11, 12, 13, 17, 42, 255};
        for (const std::uint8_t type : types) {
            const auto quoting = error({type, 0, 0}, to_client(c, "A")).from(c.router);
            row.steps.push_back(
                step(2, PacketBuilder(quoting).to(c.node), NLB_REASON_ICMP_REFUSED));
            row.steps.push_back(
                step(2, PacketBuilder(quoting).to(c.stranger), NLB_REASON_NOT_OURS));
        }
        const auto ping = error(errors(c)[0], PacketBuilder(to_client(c, "")).icmp(8, 0));
        row.steps.push_back(
            step(3, PacketBuilder(ping).from(c.router).to(c.node), NLB_REASON_ICMP_REFUSED));
        play(row);
    }
}

BOOST_AUTO_TEST_CASE(an_error_must_quote_an_ip_header_of_its_own_family) {
    for (const Cast& c : kBoth) {
        const Cast& other = is_v6(c) ? kCast4 : kCast6;
        const Kind kind = errors(c)[0];
        const auto to_node = [&](const PacketBuilder& quoted, std::size_t bytes = SIZE_MAX) {
            return error(kind, quoted, bytes).from(c.router).to(c.node);
        };
        const std::size_t header = is_v6(c) ? 40 : 20;
        play({"an error must quote an IP header of its own family",
              one_target(c),
              {open_flow(c), step(2, to_node(to_client(other, "A")), NLB_REASON_BAD_TRANSPORT),
               step(2, to_node(to_client(c, "A"), header - 1), NLB_REASON_BAD_TRANSPORT),
               step(2, to_node(to_client(c, "A"), 0), NLB_REASON_BAD_TRANSPORT),
               step(2, to_node(to_client(c, "A")).cut(is_v6(c) ? 61 : 41),
                    NLB_REASON_BAD_TRANSPORT)}});
    }
    const auto later = error({3, 0, 0}, to_client(kCast4, "A").fragment(0x0010));
    const auto short_header = error({3, 0, 0}, to_client(kCast4, "A").version_ihl(0x44));
    const auto extended = error({1, 0, 0}, to_client(kCast6, "A").hop_by_hop());
    play({"later fragments and bad headers that are quoted have no ports",
          one_target(kCast4),
          {step(1, PacketBuilder(later).from(kCast4.router).to(kCast4.node),
                NLB_REASON_BAD_TRANSPORT),
           step(1, PacketBuilder(short_header).from(kCast4.router).to(kCast4.node),
                NLB_REASON_BAD_TRANSPORT)}});
    play({"extension headers that are quoted are not followed",
          one_target(kCast6),
          {step(1, PacketBuilder(extended).from(kCast6.router).to(kCast6.node),
                NLB_REASON_ICMP_REFUSED)}});
}

BOOST_AUTO_TEST_CASE(what_the_ip_header_does_not_count_is_not_quoted) {
    // Bytes behind the IP packet are padding of the link, whatever they look like.
    for (const Cast& c : kBoth) {
        const auto whole = error(errors(c)[0], to_client(c, "A")).from(c.router).to(c.node);
        Row row{"what the IP header does not count is not quoted", one_target(c), {open_flow(c)}};
        const std::uint16_t outer = is_v6(c) ? 0 : 20;
        const std::uint16_t needed = is_v6(c) ? 8 + 40 + 4 : 20 + 8 + 20 + 4;
        for (std::uint16_t length = outer; length < needed; ++length)
            row.steps.push_back(
                step(2, PacketBuilder(whole).total_length(length), NLB_REASON_BAD_TRANSPORT));
        play(row);
    }
}

BOOST_AUTO_TEST_CASE(neighbor_discovery_and_multicast_listeners_pass) {
    const Cast& c = kCast6;
    Row row{"neighbor discovery and multicast listeners pass", one_target(c), {}};
    for (const std::uint8_t type :
         std::initializer_list<std::uint8_t>{130, 131, 132, 133, 134, 135, 136, 137, 143}) {
        const auto message = PacketBuilder().from("fe80::1").to("ff02::1:ff00:1").ttl(255);
        row.steps.push_back(step(1, PacketBuilder(message).icmp(type, 0).hop_by_hop(),
                                 NLB_REASON_NEIGHBOR_DISCOVERY));
        row.steps.push_back(step(1, PacketBuilder(message).to(c.node).icmp(type, 0),
                                 NLB_REASON_NEIGHBOR_DISCOVERY));
    }
    play(row);
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
