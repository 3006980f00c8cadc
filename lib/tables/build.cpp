// SPDX-License-Identifier: Apache-2.0
#include "tables/build.hpp"

#include "tables/group_ring.hpp"
#include "tables/places.hpp"
#include "tables/resets.hpp"

#include "base/text.hpp"

#include "l4/l4_abi.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace nlb::tables {

namespace {

using contract::Listener;
using contract::Route;
using contract::Routing;

using GroupKey = std::pair<std::string, std::string>;             ///< group id, zone
using TargetKey = std::tuple<std::string, std::string, Endpoint>; ///< group id, target id, where

Endpoint endpoint_of(const IpAddress& address, std::uint64_t port) {
    return {address, static_cast<std::uint16_t>(port)};
}

TargetKey key_of(const Route& route) {
    return {route.group.value, route.target.value, endpoint_of(route.address, route.port)};
}

/// The lines of one node, sorted out.
struct Lines {
    std::vector<const Listener*> listeners;
    std::map<GroupKey, const Routing*> routings;
    std::map<GroupKey, std::vector<const Route*>> routes;
};

Lines sort_out(std::span<const contract::Message> messages, std::string_view zone) {
    Lines lines;
    const auto wanted = [&](const std::string& of) { return zone.empty() || of == zone; };
    for (const contract::Message& message : messages) {
        if (const auto* listener = std::get_if<Listener>(&message)) {
            if (wanted(listener->zone)) lines.listeners.push_back(listener);
        } else if (const auto* routing = std::get_if<Routing>(&message)) {
            if (wanted(routing->zone))
                lines.routings[{routing->group.value, routing->zone}] = routing;
        } else if (const auto* route = std::get_if<Route>(&message)) {
            if (wanted(route->zone))
                lines.routes[{route->group.value, route->zone}].push_back(route);
        }
    }
    return lines;
}

/// Targets under stable indexes.
class Targets {
  public:
    explicit Targets(const flow::Tables* previous) {
        if (previous == nullptr) return;
        entries_.assign(previous->targets().begin(), previous->targets().end());
        for (flow::TargetEntry& entry : entries_) {
            if ((entry.value.flags & NLB_TARGET_REGISTERED) != 0)
                places_.was_used({entry.group.value, entry.id.value, entry.endpoint});
            else
                places_.was_free();
            entry.value.flags = 0;
        }
    }

    void assign(const Lines& lines) {
        for (const auto& [group, routes] : lines.routes) {
            for (const Route* route : routes)
                add(*route);
        }
        for (const auto& [group, routes] : lines.routes)
            mark_resets(routes);
    }

    [[nodiscard]] std::uint32_t index(const Route& route) { return places_.of(key_of(route)); }

    std::vector<flow::TargetEntry> take() { return std::move(entries_); }

  private:
    void add(const Route& route) {
        const std::uint32_t at = index(route);
        if (at >= entries_.size()) entries_.resize(at + 1);
        flow::TargetEntry& entry = entries_[at];
        const Endpoint endpoint = endpoint_of(route.address, route.port);
        if (entry.group != route.group || entry.id != route.target || entry.endpoint != endpoint) {
            const auto generation = static_cast<std::uint16_t>(entry.value.generation + 1U);
            entry = {{}, route.group, route.target, endpoint};
            flow::put_address(route.address, entry.value.address_be);
            entry.value.port_be = nlb_hton16(endpoint.port);
            entry.value.generation = generation;
        }
        entry.value.flags = NLB_TARGET_REGISTERED;
    }

    void mark_resets(const std::vector<const Route*>& routes) {
        for (const Route* route : routes) {
            const std::uint32_t at = index(*route);
            if (route->eligible) open_.insert(at);
            entries_[at].value.flags = static_cast<std::uint16_t>(
                NLB_TARGET_REGISTERED | reset_flags_of(*route, open_.contains(at)));
        }
    }

    std::vector<flow::TargetEntry> entries_;
    Places<TargetKey> places_;
    std::set<std::uint32_t> open_; // eligible somewhere
};

const flow::GroupEntry* same_ring(const flow::Tables* previous, const flow::GroupEntry& group) {
    if (previous == nullptr) return nullptr;
    for (const flow::GroupEntry& old : previous->groups()) {
        if (old.id == group.id && old.zone == group.zone && old.members == group.members &&
            old.weights == group.weights && old.value.ring_size == group.value.ring_size)
            return &old;
    }
    return nullptr;
}

void append_ring(const flow::GroupEntry& group, const flow::Tables* previous,
                 const std::vector<const Route*>& routes, std::vector<std::uint32_t>& slots) {
    if (const flow::GroupEntry* old = same_ring(previous, group)) {
        const auto kept = previous->slots().subspan(old->value.first_slot, old->value.ring_size);
        slots.insert(slots.end(), kept.begin(), kept.end());
        return;
    }
    for (const std::uint32_t slot : slots_of(members_of(routes), group.value.ring_size))
        slots.push_back(group.members[slot]);
}

flow::GroupEntry group_of(const Routing& routing, const std::vector<const Route*>& routes,
                          Targets& targets) {
    flow::GroupEntry group;
    group.id = routing.group;
    group.zone = routing.zone;
    group.source = routing.source;
    group.proxy_protocol_v2 = routing.proxy_protocol_v2;
    for (const Route* member : members_of(routes)) {
        group.members.push_back(targets.index(*member));
        group.weights.push_back(weight_of(*member));
    }
    group.value.ring_size = ring_size_of(routes);
    if (routing.sticky) group.value.flags |= NLB_GROUP_STICKY;
    if (routing.preserve_client_ip) group.value.flags |= NLB_GROUP_PRESERVE_CLIENT_IP;
    flow::put_address(routing.source, group.value.source_be);
    return group;
}

/// What of the listener the packet path leaves to sockets: the byte stream, and targets (or the
/// address they would be sent from) of the other address family [guide, IP address type].
std::uint32_t flags_of(const Listener& listener, const Routing& routing,
                       const std::vector<const Route*>& routes) {
    if (listener.protocol == model::Protocol::Tls || routing.proxy_protocol_v2)
        return NLB_LISTENER_HANDED_UP;
    const bool is_v4 = listener.address.is_v4();
    const bool translates = routing.source.is_v4() != is_v4 ||
                            std::any_of(routes.begin(), routes.end(), [&](const Route* route) {
                                return route->address.is_v4() != is_v4;
                            });
    return translates ? NLB_LISTENER_TRANSLATES : 0U;
}

using ListenerKey = std::tuple<std::string, std::string, Endpoint>; ///< id, zone, where

Places<ListenerKey> listener_places(const flow::Tables* previous) {
    Places<ListenerKey> places;
    if (previous == nullptr) return places;
    for (const flow::ListenerEntry& entry : previous->listeners()) {
        if (entry.is_in_use)
            places.was_used({entry.id.value, entry.zone, entry.endpoint});
        else
            places.was_free();
    }
    return places;
}

Result<std::vector<flow::ListenerEntry>> listeners_of(Lines& lines, const flow::Tables* previous) {
    auto places = listener_places(previous);
    flow::ListenerEntry free;
    free.is_in_use = false;
    std::vector<flow::ListenerEntry> entries(places.size(), free);
    std::set<std::tuple<Endpoint, bool>> taken;
    for (const Listener* line : lines.listeners) {
        const GroupKey key{line->group.value, line->zone};
        const auto routing = lines.routings.find(key);
        const Endpoint endpoint = endpoint_of(line->address, line->port);
        if (routing == lines.routings.end())
            return fail(Errc::Data, "listener " + in_quotes(line->listener.value) +
                                        ": no routing line for target group " +
                                        in_quotes(line->group.value) + " in zone " +
                                        in_quotes(line->zone));
        if (!taken.insert({endpoint, line->protocol == model::Protocol::Udp}).second)
            return fail(Errc::Data, "listener " + in_quotes(line->listener.value) + ": " +
                                        endpoint.text() + " belongs to another listener");
        flow::ListenerEntry entry;
        entry.id = line->listener;
        entry.load_balancer = line->load_balancer;
        entry.zone = line->zone;
        entry.protocol = line->protocol;
        entry.endpoint = endpoint;
        entry.value.group =
            static_cast<std::uint32_t>(std::distance(lines.routings.begin(), routing));
        entry.value.idle_ms = static_cast<std::uint32_t>(line->idle_timeout_ms);
        entry.value.flags = flags_of(*line, *routing->second, lines.routes[key]);
        if (line->deny_internet_gateway.value_or(false))
            entry.value.flags |= NLB_LISTENER_NO_GATEWAY;
        const std::uint32_t at = places.of({entry.id.value, entry.zone, entry.endpoint});
        if (at >= entries.size()) entries.resize(at + 1, free);
        entries[at] = std::move(entry);
    }
    return entries;
}

} // namespace

Result<flow::Tables> build(std::span<const contract::Message> messages, const Node& node,
                           const flow::Tables* previous) {
    Lines lines = sort_out(messages, node.zone);
    auto listeners = listeners_of(lines, previous);
    if (!listeners) return tl::unexpected(listeners.error());
    Targets targets(previous);
    targets.assign(lines);
    std::vector<flow::GroupEntry> groups;
    std::vector<std::uint32_t> slots;
    std::vector<IpAddress> nodes;
    for (const auto& [key, routing] : lines.routings) { // the order listeners_of() counted in
        const auto& routes = lines.routes[key];
        flow::GroupEntry group = group_of(*routing, routes, targets);
        group.value.first_slot = static_cast<std::uint32_t>(slots.size());
        if (group.value.ring_size != 0) append_ring(group, previous, routes, slots);
        groups.push_back(std::move(group));
        nodes.push_back(routing->source);
    }
    for (const flow::ListenerEntry& listener : *listeners) {
        if (listener.is_in_use) nodes.push_back(listener.endpoint.address);
    }
    return flow::Tables(std::move(*listeners), std::move(groups), std::move(slots), targets.take(),
                        nodes, node.host_ports);
}

} // namespace nlb::tables
