// SPDX-License-Identifier: Apache-2.0
#include "packet/random_frames.hpp"

#include "packet/random_tables.hpp"

#include <algorithm>

namespace nlb::test {

namespace {

std::string text_of(const std::uint32_t (&words_be)[4], std::uint8_t family) {
    return flow::address_of(words_be, family).text();
}

std::string client_of(const Cast& c, std::uint64_t number) {
    return std::string(c.client.substr(0, c.client.size() - 1)) + std::to_string(number);
}

} // namespace

Frame RandomFrames::next() {
    const bool jumps = !hurries_ && chance(1000);
    now_ += Nanos{static_cast<std::int64_t>(jumps ? below(500'000'000'000) : below(2'000'000))};
    if (!hurries_ && chance(2000)) now_ = now_ - Nanos::seconds(1); // captures run backwards
    if (chance(100)) return noise();
    const std::uint64_t kind = learned_.empty() ? 0 : below(10);
    PacketBuilder builder;
    if (kind < 5)
        builder = request();
    else if (kind < 8)
        builder = with_ends(some_learned().becomes, true);
    else if (kind == 8)
        builder = with_ends(some_learned().key, false);
    else
        builder = chance(5) ? other_icmp() : error();
    decorate(builder);
    Frame frame = builder.build();
    if (chance(25)) damage(frame);
    return frame;
}

Frame RandomFrames::opening(std::uint32_t number) {
    return from_client(kCast4)
        .from(client_of(kCast4, 1 + number / 50'000), static_cast<std::uint16_t>(number % 50'000))
        .to(kCast4.node, kOneTargetPort)
        .build();
}

void RandomFrames::learn(const flow::Decision& decision) {
    const std::uint8_t reason = decision.verdict.reason;
    if (reason != NLB_REASON_NEW_FLOW && reason != NLB_REASON_FLOW) return;
    const Learned learned{decision.desc.key, decision.verdict.becomes};
    if (learned_.size() < 500)
        learned_.push_back(learned);
    else
        learned_[below(learned_.size())] = learned;
}

std::string RandomFrames::some_flags() {
    constexpr const char* usual[] = {"S", "S", "S", "A", "PA", "FA", "R", "RA", "SA", "", "SF"};
    return usual[below(std::size(usual))];
}

std::string RandomFrames::some_text() {
    if (chance(60)) return std::string(2000 + below(60'000), 'y');
    return chance(3) ? std::string(below(1400), 'x') : std::string();
}

PacketBuilder RandomFrames::request() {
    const Cast& c = chance(2) ? kCast4 : kCast6;
    const bool from_target = chance(20); // a target that is its own client
    const std::string source = from_target ? target_address(c, 1 + static_cast<int>(below(4)))
                                           : client_of(c, 1 + below(9));
    std::string_view destination = c.node;
    if (chance(20)) destination = c.inside;
    if (chance(12)) destination = c.stranger;
    PacketBuilder builder;
    builder.from(source, static_cast<std::uint16_t>(40'000 + below(40)))
        .to(destination, static_cast<std::uint16_t>(kPlainPort + below(kNoListenerPort - 79)))
        .flags(some_flags())
        .sequence(number())
        .acknowledgment(number())
        .payload(some_text());
    if (chance(3)) builder.udp();
    return builder;
}

/// A packet with these ends, or one the other way.
PacketBuilder RandomFrames::with_ends(const nlb_tuple& ends, bool swapped) {
    const std::string source = text_of(ends.source_be, ends.family);
    const std::string destination = text_of(ends.destination_be, ends.family);
    const std::uint16_t from = nlb_ntoh16(ends.source_port_be);
    const std::uint16_t to = nlb_ntoh16(ends.destination_port_be);
    PacketBuilder builder;
    if (swapped)
        builder.from(destination, to).to(source, from);
    else
        builder.from(source, from).to(destination, to);
    builder.flags(chance(2) ? "A" : some_flags())
        .sequence(number())
        .acknowledgment(number())
        .payload(some_text());
    if (ends.protocol == NLB_PROTOCOL_UDP) builder.udp();
    if (chance(10)) builder.no_checksum();
    return builder;
}

/// About what the node sent to the target, or to the client.
PacketBuilder RandomFrames::error() {
    const Learned& learned = some_learned();
    const bool of_request = chance(2);
    PacketBuilder quoted =
        of_request ? with_ends(learned.becomes, false) : with_ends(learned.key, true);
    if (chance(20) && !quoted.is_v6()) quoted.ip_options(4 * below(11));
    if (chance(30) && quoted.is_v6()) quoted.hop_by_hop();
    const Cast& c = quoted.is_v6() ? kCast6 : kCast4;
    const nlb_tuple& sent = of_request ? learned.becomes : learned.key;
    const std::string sender =
        text_of(of_request ? sent.source_be : sent.destination_be, sent.family);
    PacketBuilder builder;
    builder.from(chance(10) ? c.stranger : c.router).to(chance(30) ? c.node : sender);
    const auto code = static_cast<std::uint8_t>(below(16));
    if (quoted.is_v6())
        builder.icmp(static_cast<std::uint8_t>(1 + below(2)), code, number());
    else
        builder.icmp(3, code, number());
    return builder.quoting(quoted, chance(2) ? SIZE_MAX : 20 + below(80));
}

PacketBuilder RandomFrames::other_icmp() {
    const Cast& c = chance(2) ? kCast4 : kCast6;
    return PacketBuilder()
        .from(c.router)
        .to(chance(2) ? c.node : c.stranger)
        .icmp(static_cast<std::uint8_t>(number()), 0, number())
        .payload(some_text());
}

void RandomFrames::decorate(PacketBuilder& builder) {
    if (chance(5)) builder.tcp_options(4 * below(11));
    if (chance(10)) builder.vlan(static_cast<std::uint16_t>(below(4096)));
    if (chance(40)) builder.vlan(static_cast<std::uint16_t>(below(4096)), 0x88a8);
    if (chance(80)) builder.vlan(1);
    if (chance(60)) builder.ttl(static_cast<std::uint8_t>(below(3)));
    if (chance(100)) builder.protocol(static_cast<std::uint8_t>(number()));
    if (chance(60)) builder.total_length(static_cast<std::uint16_t>(below(100)));
    if (chance(100)) builder.version_ihl(static_cast<std::uint8_t>(number()));
    if (chance(60)) builder.data_offset(static_cast<std::uint8_t>(below(16)));
    if (chance(30)) builder.traffic_class(static_cast<std::uint8_t>(number()));
    if (builder.is_v6())
        decorate6(builder);
    else
        decorate4(builder);
    if (chance(30)) builder.padded(60 + below(60));
    if (chance(15)) builder.cut(below(200));
}

void RandomFrames::decorate4(PacketBuilder& builder) {
    if (chance(10)) builder.ip_options(4 * below(11));
    if (chance(10)) builder.fragment(0);
    if (!chance(12)) return;
    constexpr std::uint16_t some[] = {0x2000, 0x2000, 0x6000, 0x0005, 0x2005, 0x4009};
    builder.id(static_cast<std::uint16_t>(below(8)));
    builder.fragment(chance(8) ? static_cast<std::uint16_t>(number())
                               : some[below(std::size(some))]);
}

void RandomFrames::decorate6(PacketBuilder& builder) {
    if (chance(10)) builder.flow_label(number() & 0xfffffU);
    if (chance(12)) builder.hop_by_hop(8 * (1 + below(4)));
    if (chance(12)) builder.destination_options(8 * (1 + below(4)));
    if (chance(30)) builder.routing(static_cast<std::uint8_t>(below(2)), 24);
    if (chance(12))
        builder.fragment_header(static_cast<std::uint16_t>(below(3)), chance(2),
                                static_cast<std::uint32_t>(below(8)));
    if (chance(100)) builder.fragment_header(0, true, 1);
    if (chance(30)) builder.destination_options(8 * (1 + below(40)));
    for (std::uint64_t more = chance(40) ? below(7) : 0; more > 0; --more)
        builder.destination_options();
}

void RandomFrames::damage(Frame& frame) {
    for (std::uint64_t n = 1 + below(3); n > 0 && !frame.empty(); --n)
        frame[below(std::min<std::size_t>(frame.size(), 120))] =
            static_cast<std::uint8_t>(number());
}

Frame RandomFrames::noise() {
    Frame frame(below(200));
    for (auto& byte : frame)
        byte = static_cast<std::uint8_t>(number());
    return frame;
}

} // namespace nlb::test
