// SPDX-License-Identifier: Apache-2.0
#include "packet/random_tables.hpp"

namespace nlb::test {

namespace {

using model::HealthState;
using model::Protocol;

std::string group_name(const Cast& c, std::uint16_t port) {
    return "tg-" + std::to_string(port) + (c.client == kCast6.client ? "-v6" : "-v4");
}

contract::Route random_route(const Cast& c, std::uint16_t port, int number,
                             std::mt19937_64& random) {
    constexpr HealthState kStates[] = {HealthState::Healthy,  HealthState::Healthy,
                                       HealthState::Healthy,  HealthState::Unhealthy,
                                       HealthState::Draining, HealthState::Unused};
    contract::Route route =
        route_line(target_address(c, number), 8000 + port, true, group_name(c, port));
    route.state = kStates[random() % std::size(kStates)];
    route.eligible = route.state == HealthState::Healthy ||
                     (route.state == HealthState::Unhealthy && random() % 4 == 0);
    if (route.state == HealthState::Unused && random() % 2 == 0) route.terminated = true;
    return route;
}

Lines group(const Cast& c, std::uint16_t port, int targets, const Setting& setting,
            std::mt19937_64& random) {
    Setting named = setting;
    named.port = port;
    named.group = group_name(c, port);
    Lines lines = listener(c, named);
    for (int number = 1; number <= targets; ++number) {
        if (targets == 1 || random() % 5 != 0)
            lines.emplace_back(random_route(c, port, number, random));
    }
    if (targets == 1) std::get<contract::Route>(lines.back()).eligible = true;
    return lines;
}

Lines lines_of(const Cast& c, const Cast& other, std::mt19937_64& random) {
    Lines lines =
        group(c, kPlainPort, 9, {}, random) +
        group(c, kPreservePort, 4, {.preserve = true}, random) +
        group(c, kStickyPort, kMostTargets, {.sticky = true}, random) +
        group(c, kEmptyPort, 0, {}, random) +
        group(c, kHandedUpPort, 1, {.protocol = Protocol::Tls}, random) +
        group(c, kDatagramPort, 5, {.protocol = Protocol::Udp}, random) +
        group(c, kBothProtocolsPort, 3, {.preserve = true, .protocol = Protocol::TcpUdp}, random) +
        group(c, kOneTargetPort, 1, {}, random) + group(c, kTranslatingPort, 0, {}, random);
    lines.emplace_back(listener_line(kPreserveTwinPort, group_name(c, kPreservePort), c.node));
    lines.emplace_back(route_line(other.target, 8080, true, group_name(c, kTranslatingPort)));
    return lines;
}

} // namespace

std::string target_address(const Cast& c, int number) {
    return std::string(c.target.substr(0, c.target.size() - 1)) + std::to_string(number);
}

Lines random_lines(std::mt19937_64& random) {
    return lines_of(kCast4, kCast6, random) + lines_of(kCast6, kCast4, random);
}

} // namespace nlb::test
