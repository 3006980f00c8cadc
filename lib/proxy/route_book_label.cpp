// SPDX-License-Identifier: Apache-2.0
// Labels of flows that came from another process.
#include "proxy/route_book.hpp"

namespace nlb::proxy {

std::shared_ptr<const FlowLabel> RouteBook::label_of(const ListenerRoute& route,
                                                     const model::TargetId& target,
                                                     const Endpoint& endpoint) {
    for (const auto& label : route.labels) {
        if (label->target == target && label->endpoint == endpoint) return label;
    }
    const auto scope = scopes_.find(route.info->group);
    if (scope == scopes_.end()) return nullptr;
    const auto node = scope->second.nodes.find(route.info->zone);
    if (node == scope->second.nodes.end()) return nullptr;
    const IpAddress source =
        route.group->source ? route.group->source->endpoint().address : IpAddress();
    for (const contract::Route& line : node->second.routes) {
        const bool is_it = line.target == target && line.address == endpoint.address &&
                           line.port == endpoint.port && !line.terminated.value_or(false);
        if (!is_it) continue;
        auto use = ports_.of(source, endpoint, protocol_of(route.info->transport));
        return std::make_shared<FlowLabel>(FlowLabel{route.info, target, endpoint, std::move(use)});
    }
    return nullptr;
}

} // namespace nlb::proxy
