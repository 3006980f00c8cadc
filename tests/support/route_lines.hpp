// SPDX-License-Identifier: Apache-2.0
// Route-set lines for tests: a node in zone "a" with a public and a private address.
#pragma once

#include "contract/messages.hpp"

#include <string>
#include <vector>

namespace nlb::test {

inline IpAddress ip(std::string_view text) {
    return IpAddress::parse(text).value();
}

inline contract::Listener listener_line(std::uint16_t port, std::string group = "tg-1",
                                        std::string_view address = "198.51.100.1") {
    contract::Listener line;
    line.listener = model::ListenerId{"listener-" + std::to_string(port)};
    line.load_balancer = model::LoadBalancerId{"lb-1"};
    line.zone = "a";
    line.protocol = model::Protocol::Tcp;
    line.address = ip(address);
    line.port = port;
    line.group = model::TargetGroupId{std::move(group)};
    line.idle_timeout_ms = 350'000;
    return line;
}

inline contract::Routing routing_line(std::string group = "tg-1", bool preserve = false,
                                      bool sticky = false) {
    contract::Routing line;
    line.group = model::TargetGroupId{std::move(group)};
    line.zone = "a";
    line.source = ip("10.0.0.5");
    line.mode = model::RouteReason::Healthy;
    line.preserve_client_ip = preserve;
    line.sticky = sticky;
    return line;
}

inline contract::Route route_line(std::string_view address, std::uint16_t port = 8080,
                                  bool eligible = true, std::string group = "tg-1") {
    contract::Route line;
    line.group = model::TargetGroupId{std::move(group)};
    line.zone = "a";
    line.target = model::TargetId{std::string(address) + ":" + std::to_string(port)};
    line.address = ip(address);
    line.port = port;
    line.eligible = eligible;
    line.reason = eligible ? model::RouteReason::Healthy : model::RouteReason::Unhealthy;
    line.state = eligible ? model::HealthState::Healthy : model::HealthState::Unhealthy;
    return line;
}

} // namespace nlb::test
