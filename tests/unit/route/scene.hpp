// SPDX-License-Identifier: Apache-2.0
// A configuration with one load balancer, one listener and one group, in a line or two.
#pragma once

#include "route/evaluate.hpp"

#include <string>
#include <vector>

namespace nlb::scene {

inline IpAddress ip(const std::string& text) {
    return IpAddress::parse(text).value();
}

inline model::Zone zone(const std::string& name, const std::string& address) {
    model::Zone out;
    out.name = model::ZoneName{name};
    out.address = ip(address);
    out.private_address = ip(address);
    return out;
}

/// `where` "*" registers it for all zones.
inline model::Target target(const std::string& address, const std::string& where) {
    model::Target out;
    out.id = address;
    out.port = 8080;
    out.address = ip(address);
    out.all_zones = where == "*";
    if (!out.all_zones) out.zone = model::ZoneName{where};
    return out;
}

inline model::TargetGroup group(const std::string& name) {
    model::TargetGroup out;
    out.name = model::TargetGroupName{name};
    out.id = model::TargetGroupId{"targetgroup/" + name + "/0000000000000001"};
    out.port = 8080;
    out.target_type = model::TargetType::Ip;
    return out;
}

inline model::Listener listener(const std::string& group_name, std::uint16_t port) {
    model::Listener out;
    out.id = model::ListenerId{"listener/net/front/0000000000000002/" + std::to_string(port)};
    out.port = port;
    out.target_group = model::TargetGroupName{group_name};
    return out;
}

/// Load balancer "front" in zones a (127.0.1.1) and b (127.0.2.1), port 80 to group "web".
inline model::Configuration two_zones() {
    model::Configuration configuration;
    model::LoadBalancer front;
    front.name = model::LoadBalancerName{"front"};
    front.id = model::LoadBalancerId{"net/front/0000000000000002"};
    front.zones = {zone("a", "127.0.1.1"), zone("b", "127.0.2.1")};
    front.listeners = {listener("web", 80)};
    configuration.load_balancers = {front};
    configuration.target_groups = {group("web")};
    return configuration;
}

} // namespace nlb::scene
