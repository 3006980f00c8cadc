// SPDX-License-Identifier: Apache-2.0
// Routing: what the workers ask for every new connection. Built by the control thread from
// route-sets, immutable afterwards, swapped whole; a connection keeps only its FlowLabel, so a
// target or listener that vanishes never disturbs what is established [guide, p.42, p.38]. Whose
// connections are to be reset is said apart from it: target_ends.
#pragma once

#include "io/socket.hpp"
#include "proxy/connection_limit.hpp"
#include "proxy/counters.hpp"
#include "proxy/port_use.hpp"
#include "proxy/transport.hpp"

#include "contract/messages.hpp"
#include "wire/proxy_v2.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nlb::proxy {

/// A listener of one zone and the group behind it; a change of any member makes a new one.
struct ListenerInfo {
    model::ListenerId listener;
    std::string zone;
    model::TargetGroupId group;
    Endpoint address; ///< where clients connect
    std::int64_t idle_timeout_ms = 0;
    std::shared_ptr<ListenerCounters> counters;
    std::optional<wire::ProxyEncoder> header; ///< of each connection to a target; absent: none
    Transport transport = Transport::Tcp;
    std::shared_ptr<ConnectionLimit> limit{}; ///< of its connections; null: not TCP
    model::LoadBalancerId load_balancer{};
};

/// What a connection is called in its flow record.
struct FlowLabel {
    std::shared_ptr<const ListenerInfo> listener;
    model::TargetId target;           ///< empty: none could be chosen
    Endpoint endpoint{};              ///< of the target
    std::shared_ptr<PortUse> ports{}; ///< towards it; null without a target
};

struct TargetRoute {
    model::TargetId id;
    Endpoint endpoint;
    io::SocketAddress address;
    std::uint32_t weight = 1; ///< relative share of the new flows
    /// At an address of this host: what it answers to a client would go to the client itself.
    bool is_here = false;

    bool operator==(const TargetRoute& o) const {
        return id == o.id && endpoint == o.endpoint && weight == o.weight;
    }
};

/// A target group as one zone's node sees it.
struct GroupRoute {
    std::vector<TargetRoute> targets; ///< those that take new flows
    std::vector<std::uint32_t> ring;  ///< for each slot an index into `targets`
    bool sticky = false;
    bool is_failing_over = false;            ///< it sends new flows to targets that are not healthy
    bool proxy_protocol_v2 = false;          ///< connections to targets begin with a header
    bool preserves_client_ip = false;        ///< targets see the addresses of their clients
    std::string lacks;                       ///< why not, although they should; empty: no reason
    std::optional<io::SocketAddress> source; ///< what back-end connections are bound to
};

struct ListenerRoute {
    std::shared_ptr<const ListenerInfo> info;
    std::shared_ptr<const GroupRoute> group;
    std::vector<std::shared_ptr<const FlowLabel>> labels; ///< one for each of group->targets
    std::shared_ptr<const FlowLabel> no_target;

    /// Of the flow `client` opened with a SYN numbered `sequence`, or its datagrams (0).
    [[nodiscard]] std::uint32_t hash(const Endpoint& client, std::uint32_t sequence) const;

    /// Index of the target of a flow with this hash; nothing when no target takes flows.
    [[nodiscard]] std::optional<std::uint32_t> choose(std::uint32_t hash) const;

    /// Index of the target that gets the flow after `attempts` others did not take it: the next
    /// different one on the ring. Nothing when there is none.
    [[nodiscard]] std::optional<std::uint32_t> choose_again(std::uint32_t hash,
                                                            std::uint32_t attempts) const;

    /// Index of the target that takes the connection `client` opened with a SYN numbered
    /// `sequence`, or its datagrams (0); nothing when no target takes flows. The same answer as the
    /// packet path's: flow hash of lib/l4, ring of lib/tables.
    [[nodiscard]] std::optional<std::uint32_t> choose(const Endpoint& client,
                                                      std::uint32_t sequence) const;
};

/// Indexed by the slot number of the listening socket; null where a slot is free.
struct RoutingTable {
    std::vector<std::shared_ptr<const ListenerRoute>> by_slot;
};

} // namespace nlb::proxy
