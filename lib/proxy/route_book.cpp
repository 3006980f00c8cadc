// SPDX-License-Identifier: Apache-2.0
#include "proxy/route_book.hpp"

#include "tables/group_ring.hpp"

#include "flow/tables.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <unordered_map>

namespace nlb::proxy {

namespace {

bool is_loopback(const IpAddress& address) {
    const auto bytes = address.bytes();
    if (address.is_v4()) return bytes[0] == 127;
    return bytes[15] == 1 &&
           std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t byte) { return byte == 0; });
}

std::span<const Transport> transports_of(model::Protocol protocol) {
    static constexpr std::array kBoth{Transport::Tcp, Transport::Udp}; // [p.23]
    const std::span<const Transport> all(kBoth);
    if (protocol == model::Protocol::TcpUdp) return all;
    return protocol == model::Protocol::Udp ? all.last(1) : all.first(1);
}

/// Labels of the same targets of the same listener are kept: connections share them.
void label(ListenerRoute& route, const ListenerRoute* before, PortUses& ports) {
    std::unordered_map<std::string_view, std::shared_ptr<const FlowLabel>> known;
    if (before != nullptr && before->info == route.info) {
        route.no_target = before->no_target;
        for (const auto& one : before->labels)
            known.emplace(one->target.value, one);
    } else {
        route.no_target = std::make_shared<FlowLabel>(FlowLabel{route.info, {}});
    }
    const IpAddress source =
        route.group->source ? route.group->source->endpoint().address : IpAddress();
    route.labels.reserve(route.group->targets.size());
    for (const TargetRoute& target : route.group->targets) {
        const auto it = known.find(target.id.value);
        auto use = ports.of(source, target.endpoint, protocol_of(route.info->transport));
        const bool is_kept = it != known.end() && it->second->endpoint == target.endpoint &&
                             it->second->ports == use;
        if (is_kept)
            route.labels.push_back(it->second);
        else
            route.labels.push_back(std::make_shared<FlowLabel>(
                FlowLabel{route.info, target.id, target.endpoint, std::move(use)}));
    }
}

} // namespace

void RouteBook::collect(const contract::Message& message, Scope& scope) {
    if (const auto* listener = std::get_if<contract::Listener>(&message)) {
        if (is_served(listener->zone)) {
            scope.listeners.push_back(*listener);
        } else {
            has_other_zones_ = true;
        }
    } else if (const auto* routing = std::get_if<contract::Routing>(&message)) {
        if (is_served(routing->zone)) scope.nodes[routing->zone].routing = *routing;
    } else if (const auto* route = std::get_if<contract::Route>(&message)) {
        if (is_served(route->zone)) scope.nodes[route->zone].routes.push_back(*route);
    }
}

std::vector<const contract::Route*> RouteBook::routes_of(const Scope& scope) {
    std::vector<const contract::Route*> all;
    for (const auto& [zone, node] : scope.nodes) {
        for (const contract::Route& route : node.routes)
            all.push_back(&route);
    }
    return all;
}

void RouteBook::replace(const contract::Set& set) {
    Scope scope;
    for (const contract::Message& message : set.lines)
        collect(message, scope);
    for (const auto& [zone, node] : scopes_[set.scope].nodes) {
        if (!scope.nodes.contains(zone)) groups_.erase({set.scope.value, zone});
    }
    for (const auto& [zone, node] : scope.nodes)
        rebuild(set.scope, zone, node);
    resets_.replace(set.scope, routes_of(scope));
    if (scope.listeners.empty() && scope.nodes.empty()) {
        scopes_.erase(set.scope);
    } else {
        scopes_[set.scope] = std::move(scope);
    }
}

void RouteBook::keep_only(const std::set<model::TargetGroupId>& scopes) {
    const auto is_gone = [&](const auto& entry) { return !scopes.contains(entry.first); };
    std::erase_if(groups_, [&](const auto& entry) {
        return !scopes.contains(model::TargetGroupId(entry.first.first));
    });
    std::erase_if(scopes_, is_gone);
    resets_.keep_only(scopes);
}

void RouteBook::rebuild(const model::TargetGroupId& group, const std::string& zone,
                        const Node& node) {
    std::vector<const contract::Route*> all;
    std::vector<const contract::Route*> possible;
    for (const contract::Route& route : node.routes) {
        all.push_back(&route);
        if (route.port != 0 && route.port <= 65535)
            possible.push_back(&route);
        else if (route.eligible)
            tell("target " + route.target.value + " of " + group.value + " takes no flows: port " +
                 std::to_string(route.port) + " must be 1-65535");
    }
    GroupRoute next;
    const auto members = tables::members_of(possible);
    for (const contract::Route* route : members) {
        const Endpoint endpoint{route->address, static_cast<std::uint16_t>(route->port)};
        next.targets.push_back({route->target, endpoint, io::SocketAddress::from(endpoint),
                                tables::weight_of(*route)});
    }
    if (node.routing) {
        next.sticky = node.routing->sticky;
        next.is_failing_over = node.routing->mode != model::RouteReason::Healthy;
        next.proxy_protocol_v2 = node.routing->proxy_protocol_v2;
        next.preserves_client_ip = preserves(*node.routing, next);
        next.source = source_for(*node.routing, next);
    }
    auto& current = groups_[{group.value, zone}];
    const std::uint32_t size = tables::ring_size_of(all);
    if (current && current->targets == next.targets && current->ring.size() == size)
        next.ring = current->ring;
    else
        next.ring = tables::slots_of(members, size);
    current = std::make_shared<const GroupRoute>(std::move(next));
}

void RouteBook::tell(std::string notice) {
    if (told_.emplace(notice, true).second) notices_.push_back(std::move(notice));
}

/// Marks the targets that are on this host.
bool RouteBook::preserves(const contract::Routing& routing, GroupRoute& route) {
    if (!routing.preserve_client_ip || route.targets.empty()) return false;
    const std::string group = "target group " + routing.group.value;
    const IpFamily family = route.targets.front().endpoint.address.family(); // of all [p.41]
    if (const auto why = options_.why_not_transparent(family)) {
        route.lacks = "preserve_client_ip: " + *why + "; targets see the node's address";
        tell(group + ": " + route.lacks);
        return false;
    }
    for (TargetRoute& target : route.targets) {
        target.is_here = options_.can_bind(target.endpoint.address);
        if (target.is_here)
            tell(group + ": target " + target.id.value +
                 " is on this host and sees the node's address, not its clients'");
    }
    return true;
}

std::optional<io::SocketAddress> RouteBook::source_for(const contract::Routing& routing,
                                                       const GroupRoute& route) {
    const std::string group = "target group " + routing.group.value;
    if (route.targets.empty()) return std::nullopt;
    // A loopback source reaches loopback targets only; the kernel refuses the rest [RFC 1122
    // §3.2.1.3], and all targets of a group are of one IP version [p.41].
    const bool fits =
        std::all_of(route.targets.begin(), route.targets.end(), [&](const TargetRoute& target) {
            return target.endpoint.address.family() == routing.source.family() &&
                   (!is_loopback(routing.source) || is_loopback(target.endpoint.address));
        });
    if (fits && options_.can_bind(routing.source)) {
        return io::SocketAddress::from(Endpoint{routing.source, 0});
    }
    tell(group + ", zone " + routing.zone + ": connections to targets do not come from " +
         routing.source.text() + (fits ? ", which is no address of this host" : "") +
         "; the kernel chooses their source");
    return std::nullopt;
}

std::vector<std::string> RouteBook::take_notices() {
    return std::exchange(notices_, {});
}

/// What targets are told of the connections of a listener; nothing when they are not to be told.
std::optional<wire::ProxyEncoder> RouteBook::header_of(const contract::Listener& line,
                                                       const GroupRoute& group) {
    if (!group.proxy_protocol_v2) return std::nullopt;
    auto header = wire::ProxyEncoder::aws(line.vpc_endpoint_id.value_or(""));
    if (!header) {
        tell("listener " + line.listener.value + ": " + header.error().text());
        header = wire::ProxyEncoder::aws("");
    }
    return std::move(*header);
}

std::shared_ptr<const ListenerInfo> RouteBook::info_of(const contract::Listener& line,
                                                       Transport transport, const GroupRoute& group,
                                                       const ListenerRoute* before) {
    const Endpoint address{line.address, static_cast<std::uint16_t>(line.port)};
    const std::uint64_t wanted_ms =
        transport == Transport::Udp ? flow::kUdpIdleMs : line.idle_timeout_ms;
    const auto idle_ms = static_cast<std::int64_t>(
        std::min(wanted_ms, std::uint64_t{1} << 40U)); // 34 years: as good as never
    auto header = header_of(line, group);
    auto limit = transport == Transport::Udp
                     ? nullptr
                     : limits_.of(line.listener, line.zone, line.max_connections);
    if (before != nullptr) {
        const ListenerInfo& old = *before->info;
        if (old.group == line.group && old.address == address && old.idle_timeout_ms == idle_ms &&
            old.header == header && old.load_balancer == line.load_balancer) {
            return before->info;
        }
    }
    auto& counters = counters_[{line.listener.value, line.zone, line.group.value, transport}];
    if (!counters) {
        counters = std::make_shared<ListenerCounters>(line.listener, line.zone, line.group,
                                                      transport, options_.workers);
    }
    return std::make_shared<const ListenerInfo>(
        ListenerInfo{line.listener, line.zone, line.group, address, idle_ms, counters,
                     std::move(header), transport, std::move(limit), line.load_balancer});
}

WantedListener RouteBook::want(const contract::Listener& line, Transport transport) {
    auto& known = listeners_[{{line.listener.value, line.zone}, line.address, transport}];
    ListenerRoute next;
    const auto group = groups_.find({line.group.value, line.zone});
    static const auto no_targets = std::make_shared<const GroupRoute>();
    next.group = group == groups_.end() ? no_targets : group->second;
    next.info = info_of(line, transport, *next.group, known.get());
    if (!known || known->info != next.info || known->group != next.group) {
        label(next, known.get(), ports_);
        known = std::make_shared<const ListenerRoute>(std::move(next));
    }
    WantedListener wanted{known, 0, {}, known->group->lacks};
    if (line.port == 0 || line.port > 65535) {
        wanted.error = EINVAL;
        wanted.why = "port " + std::to_string(line.port) + " must be 1-65535";
    }
    return wanted;
}

std::vector<WantedListener> RouteBook::wanted() {
    std::vector<WantedListener> all;
    std::set<ListenerKey> seen; // a dualstack node has two addresses [p.11]
    for (const auto& [group, scope] : scopes_) {
        for (const contract::Listener& line : scope.listeners) {
            if (line.protocol == model::Protocol::Tls) {
                tell("listener " + line.listener.value + " is a TLS listener: not served here");
                continue;
            }
            const Key key{line.listener.value, line.zone};
            for (const Transport transport : transports_of(line.protocol)) {
                if (seen.emplace(key, line.address, transport).second)
                    all.push_back(want(line, transport));
            }
        }
    }
    if (all.empty() && has_other_zones_) {
        tell("no listener is in zone " + in_quotes(options_.zone) + ": nothing is served");
    }
    std::erase_if(listeners_, [&](const auto& entry) { return !seen.contains(entry.first); });
    ports_.forget_unused();
    return all;
}

std::vector<tables::RingSummary> RouteBook::rings() const {
    std::vector<tables::RingSummary> all;
    for (const auto& [key, group] : groups_) {
        tables::RingSummary ring{model::TargetGroupId{key.first},
                                 key.second,
                                 static_cast<std::uint32_t>(group->ring.size()),
                                 group->targets.size(),
                                 {}};
        std::vector<std::string_view> ids;
        for (const TargetRoute& target : group->targets)
            ids.push_back(target.id.value);
        ring.digest = tables::digest_of(group->ring, ids);
        all.push_back(std::move(ring));
    }
    return all;
}

} // namespace nlb::proxy
