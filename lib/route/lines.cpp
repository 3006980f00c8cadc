// SPDX-License-Identifier: Apache-2.0
#include "route/lines.hpp"

#include <algorithm>

namespace nlb::route {

using model::HealthReason;
using model::HealthState;

namespace {

constexpr std::uint64_t kMsPerSecond = 1000;
constexpr std::uint64_t kUdpIdleTimeoutMs = 120 * kMsPerSecond; // [p.14]

/// The node address and listener port that a check names in its Host header [p.51].
std::string check_host(const GroupUse& use, const model::ZoneName& zone) {
    const auto& zones = use.load_balancer->zones;
    if (zones.empty()) return {};
    const auto own = std::find_if(zones.begin(), zones.end(),
                                  [&](const model::Zone& z) { return z.name == zone; });
    const model::Zone& node = own == zones.end() ? zones.front() : *own;
    return Endpoint{node.address, use.listeners.front()->port}.text();
}

/// Where the checks of that node come from [p.51]; nothing when it is not known which node checks.
std::optional<IpAddress> check_source(const GroupUse& use, const model::ZoneName& zone) {
    for (const model::Zone& own : use.load_balancer->zones) {
        if (own.name != zone) continue;
        const bool v6 = use.group->ip_address_type == model::TargetGroupIpType::Ipv6;
        if (v6 != own.private_address.is_v4()) return own.private_address;
        return v6 ? own.ipv6_address : std::nullopt;
    }
    return std::nullopt;
}

contract::TargetGroup check_line(const GroupUse& use, const model::ZoneName& zone) {
    const model::HealthCheck& check = use.group->health_check;
    contract::TargetGroup line{.group = use.group->id,
                               .check_protocol = check.protocol,
                               .check_port = std::nullopt,
                               .check_path = std::nullopt,
                               .check_host = std::nullopt,
                               .matcher = std::nullopt,
                               .check_timeout_ms = check.timeout_ms(),
                               .check_interval_ms = check.interval_ms(),
                               .healthy_threshold = check.healthy_threshold,
                               .unhealthy_threshold = check.unhealthy_threshold,
                               .protocol = std::nullopt,
                               .check_fast_interval_ms = std::nullopt,
                               .check_exec = std::nullopt,
                               .check_source = check_source(use, zone),
                               .proxy_protocol_v2 = std::nullopt};
    if (use.group->protocol == model::Protocol::Udp) line.protocol = model::Protocol::Udp;
    if (check.fast_interval_milliseconds != 0)
        line.check_fast_interval_ms = check.fast_interval_milliseconds;
    if (!check.exec.empty()) line.check_exec = check.exec;
    if (use.group->attributes.proxy_protocol_v2_enabled) line.proxy_protocol_v2 = true;
    if (check.port != 0) line.check_port = check.port;
    if (check.protocol != model::HealthCheckProtocol::Tcp) {
        line.check_path = check.path;
        line.check_host = check_host(use, zone);
        line.matcher = check.matcher;
    }
    return line;
}

std::uint64_t idle_timeout_ms(const model::Listener& listener) {
    if (listener.protocol == model::Protocol::Udp) return kUdpIdleTimeoutMs;
    return listener.tcp_idle_timeout_seconds * kMsPerSecond;
}

void append_listener(const GroupUse& use, const model::Listener& listener, const model::Zone& zone,
                     std::vector<contract::Message>& lines) {
    contract::Listener line{.listener = listener.id,
                            .load_balancer = use.load_balancer->id,
                            .zone = zone.name.value,
                            .protocol = listener.protocol,
                            .address = zone.address,
                            .port = listener.port,
                            .group = use.group->id,
                            .idle_timeout_ms = idle_timeout_ms(listener),
                            .deny_internet_gateway = std::nullopt,
                            .vpc_endpoint_id = std::nullopt,
                            .max_connections = std::nullopt};
    if (use.group->attributes.proxy_protocol_v2_enabled && !listener.vpc_endpoint_id.empty())
        line.vpc_endpoint_id = listener.vpc_endpoint_id;
    if (listener.max_connections != 0) line.max_connections = listener.max_connections;
    lines.emplace_back(line);
    if (use.load_balancer->ip_address_type == model::LoadBalancerIpType::Dualstack &&
        zone.ipv6_address) {
        line.address = *zone.ipv6_address;
        if (use.load_balancer->attributes.ipv6_deny_all_igw_traffic)
            line.deny_internet_gateway = true;
        lines.emplace_back(std::move(line));
    }
}

contract::Routing routing_line(const GroupUse& use, const NodeRoutes& node) {
    const model::TargetGroupAttributes& attributes = use.group->attributes;
    const bool v6 = use.group->ip_address_type == model::TargetGroupIpType::Ipv6;
    const bool own_v6 = v6 && node.zone->private_address.is_v4() && node.zone->ipv6_address;
    return {.group = use.group->id,
            .zone = node.zone->name.value,
            .source = own_v6 ? *node.zone->ipv6_address : node.zone->private_address,
            .mode = node.mode,
            .preserve_client_ip = attributes.preserve_client_ip_enabled,
            .proxy_protocol_v2 = attributes.proxy_protocol_v2_enabled,
            .sticky = attributes.stickiness_enabled};
}

contract::Target target_line(const GroupUse& use, const model::Target& target) {
    contract::Target line{.group = use.group->id,
                          .target = target.key(),
                          .address = target.address,
                          .port = target.port,
                          .zone = std::nullopt,
                          .state = std::nullopt,
                          .reason = std::nullopt,
                          .description = std::nullopt};
    if (!target.all_zones) line.zone = target.zone.value;
    return line;
}

contract::Route route_line(const GroupUse& use, const NodeRoutes& node, const TargetRoute& route) {
    contract::Route line{.group = use.group->id,
                         .zone = node.zone->name.value,
                         .target = route.id,
                         .address = route.target->address,
                         .port = route.target->port,
                         .eligible = route.eligible,
                         .reason = route.reason,
                         .state = route.health.state,
                         .state_reason = std::nullopt,
                         .weight = std::nullopt,
                         .terminated = std::nullopt,
                         .kept = std::nullopt};
    if (route.health.reason != HealthReason::None) line.state_reason = route.health.reason;
    if (route.target->weight != 1) line.weight = route.target->weight;
    if (route.is_terminated) line.terminated = true;
    if (route.is_kept) line.kept = true;
    return line;
}

} // namespace

std::vector<contract::Message> target_lines(const GroupUse& use, const model::ZoneName& zone) {
    std::vector<contract::Message> lines{check_line(use, zone)};
    for (const model::Target& target : use.group->targets) {
        contract::Target line = target_line(use, target);
        if (const auto cause = use.unused.find(target.key()); cause != use.unused.end()) {
            line.state = HealthState::Unused;
            line.reason = cause->second.reason;
            line.description = cause->second.description;
        }
        lines.emplace_back(std::move(line));
    }
    if (use.deregistered == nullptr) return lines;
    for (const Deregistration& gone : *use.deregistered) {
        if (gone.is_over || !in_enabled_zone(use, gone.target)) continue;
        contract::Target line = target_line(use, gone.target);
        line.state = HealthState::Draining;
        line.reason = HealthReason::TargetDeregistrationInProgress;
        lines.emplace_back(std::move(line));
    }
    return lines;
}

std::vector<contract::Message> route_lines(const GroupRoutes& routes) {
    std::vector<contract::Message> lines;
    for (const model::Listener* listener : routes.use.listeners) {
        for (const NodeRoutes& node : routes.nodes)
            append_listener(routes.use, *listener, *node.zone, lines);
    }
    for (const NodeRoutes& node : routes.nodes) {
        lines.emplace_back(routing_line(routes.use, node));
        for (const TargetRoute& route : node.targets)
            lines.emplace_back(route_line(routes.use, node, route));
    }
    return lines;
}

bool is_registered(const contract::Route& route) {
    return route.state != HealthState::Draining &&
           route.state_reason != HealthReason::TargetNotRegistered;
}

} // namespace nlb::route
