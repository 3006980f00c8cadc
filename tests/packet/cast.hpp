// SPDX-License-Identifier: Apache-2.0
// Who appears in the rows, in both address families, and the packets they send each other.
#pragma once

#include "packet/scenario.hpp"
#include "support/route_lines.hpp"

namespace nlb::test {

struct Cast {
    std::string_view client;
    std::string_view node;   ///< the listener's address
    std::string_view inside; ///< the node's private address
    std::string_view target;
    std::string_view second; ///< another target
    std::string_view router; ///< somewhere on the way
    std::string_view stranger;
};

inline constexpr Cast kCast4{"192.0.2.1", "198.51.100.1", "10.0.0.5",   "10.0.1.1",
                             "10.0.1.2",  "203.0.113.77", "203.0.113.9"};
inline constexpr Cast kCast6{"2001:db8:1::1", "2001:db8:2::1",  "fd00::5",      "fd00:1::1",
                             "fd00:1::2",     "2001:db8:7::77", "2001:db8:9::9"};
inline constexpr Cast kBoth[] = {kCast4, kCast6};

struct Setting {
    bool preserve = false;
    bool sticky = false;
    model::Protocol protocol = model::Protocol::Tcp;
    std::string group = "tg-1";
    std::uint16_t port = 80;
};

/// A listener and how its group is treated, without targets.
inline Lines listener(const Cast& c, const Setting& setting = {}) {
    contract::Listener line = listener_line(setting.port, setting.group, c.node);
    line.protocol = setting.protocol;
    if (line.protocol == model::Protocol::Udp) line.idle_timeout_ms = 120'000; // nlb-policy's words
    contract::Routing routing = routing_line(setting.group, setting.preserve, setting.sticky);
    routing.source = ip(c.inside);
    return {line, routing};
}

inline Lines one_target(const Cast& c, const Setting& setting = {}) {
    Lines lines = listener(c, setting);
    lines.emplace_back(route_line(c.target, 8080, true, setting.group));
    return lines;
}

inline Lines operator+(Lines lines, const Lines& more) {
    lines.insert(lines.end(), more.begin(), more.end());
    return lines;
}

// The four packets of a flow. Those between node and target have the port that was claimed.
inline PacketBuilder from_client(const Cast& c, std::string_view flags = "S") {
    return PacketBuilder().from(c.client, 40000).to(c.node, 80).flags(flags);
}

inline PacketBuilder to_target(const Cast& c, std::string_view flags = "S",
                               std::uint16_t port = 0) {
    return PacketBuilder().from(c.inside, port).to(c.target, 8080).flags(flags);
}

inline PacketBuilder from_target(const Cast& c, std::string_view flags, std::uint16_t port) {
    return PacketBuilder().from(c.target, 8080).to(c.inside, port).flags(flags).sequence(5000);
}

inline PacketBuilder to_client(const Cast& c, std::string_view flags) {
    return PacketBuilder().from(c.node, 80).to(c.client, 40000).flags(flags).sequence(5000);
}

// The same with client IP preservation.
inline PacketBuilder to_target_preserved(const Cast& c, std::string_view flags = "S") {
    return PacketBuilder().from(c.client, 40000).to(c.target, 8080).flags(flags);
}

inline PacketBuilder from_target_preserved(const Cast& c, std::string_view flags) {
    return PacketBuilder().from(c.target, 8080).to(c.client, 40000).flags(flags).sequence(5000);
}

/// What the node answers: no options, no payload, its own identification and window.
inline PacketBuilder reset(const Cast& c, std::string_view flags) {
    return PacketBuilder()
        .from(c.node, 80)
        .to(c.client, 40000)
        .flags(flags)
        .turned()
        .id(0)
        .window(0);
}

/// A step that does not depend on what was claimed.
inline Make step(double at, PacketBuilder packet, nlb_l4_reason reason,
                 std::optional<PacketBuilder> becomes = std::nullopt) {
    return [=](const Claimed&) { return Step{at, packet, reason, becomes}; };
}

/// A step whose result leaves with the claimed source port.
inline Make claims(double at, PacketBuilder packet, nlb_l4_reason reason, PacketBuilder becomes) {
    return [=](const Claimed&) { return Step{at, packet, reason, becomes, true}; };
}

/// A step that comes after a change of the tables.
inline Make after(Lines tables, Make make) {
    return [=](const Claimed& claimed) {
        Step changed = make(claimed);
        changed.tables = tables;
        return changed;
    };
}

inline Make open_flow(const Cast& c, double at = 1) {
    return claims(at, from_client(c), NLB_REASON_NEW_FLOW, to_target(c));
}

inline Make data(const Cast& c, double at) {
    return claims(at, from_client(c, "PA").payload("hello"), NLB_REASON_FLOW,
                  to_target(c, "PA").payload("hello"));
}

inline Make answer(const Cast& c, double at, std::string_view flags = "SA") {
    return [=](const Claimed& claimed) {
        return Step{at, from_target(c, flags, claimed.port), NLB_REASON_REPLY, to_client(c, flags)};
    };
}

} // namespace nlb::test
