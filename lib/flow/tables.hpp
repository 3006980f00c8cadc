// SPDX-License-Identifier: Apache-2.0
// The tables a node decides with: listeners, groups, slots, targets. Plain values, built whole from
// a route-set (lib/tables) and not changed afterwards, so threads may share one.
// The nlb_... members are what the packet core reads; the rest is for reports and for the proxy.
#pragma once

#include "base/ip.hpp"
#include "model/names.hpp"

#include "l4/l4_abi.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace nlb::flow {

struct ListenerEntry {
    nlb_listener value{}; ///< index: position in Tables::listeners
    model::ListenerId id;
    model::LoadBalancerId load_balancer;
    std::string zone;
    model::Protocol protocol = model::Protocol::Tcp;
    Endpoint endpoint;
};

/// How the node of one zone treats a target group.
struct GroupEntry {
    nlb_group value{};
    model::TargetGroupId id;
    std::string zone;
    IpAddress source; ///< node's private address
    bool proxy_protocol_v2 = false;
    std::vector<std::uint32_t> members; ///< targets in the ring, ordered by their ids
};

/// One target of one group, the same for all zones. An index keeps its target from one set of
/// tables to the next; an index given to another target has another generation.
struct TargetEntry {
    nlb_target value{}; ///< not REGISTERED: the index is free
    model::TargetGroupId group;
    model::TargetId id;
    Endpoint endpoint;
};

class Tables {
  public:
    Tables() = default;

    /// `slots`: indexes into `targets`; `nodes`: addresses this node answers for.
    Tables(std::vector<ListenerEntry> listeners, std::vector<GroupEntry> groups,
           std::vector<std::uint32_t> slots, std::vector<TargetEntry> targets,
           const std::vector<IpAddress>& nodes);

    [[nodiscard]] std::span<const ListenerEntry> listeners() const { return listeners_; }

    [[nodiscard]] std::span<const GroupEntry> groups() const { return groups_; }

    [[nodiscard]] std::span<const std::uint32_t> slots() const { return slots_; }

    [[nodiscard]] std::span<const TargetEntry> targets() const { return targets_; }

    /// IPv4 addresses of the node in network order, sorted.
    [[nodiscard]] std::span<const std::uint32_t> nodes_be() const { return nodes_be_; }

    /// Key and index of every listener the packet path can serve: IPv4, and not UDP alone; sorted.
    struct Key {
        nlb_listener_key key{};
        std::uint32_t listener = 0;
    };

    [[nodiscard]] std::span<const Key> keys() const { return keys_; }

    [[nodiscard]] const ListenerEntry* find(const nlb_listener_key& key) const;
    [[nodiscard]] bool is_node(std::uint32_t address_be) const;

  private:
    void index_listeners();

    std::vector<ListenerEntry> listeners_;
    std::vector<GroupEntry> groups_;
    std::vector<std::uint32_t> slots_;
    std::vector<TargetEntry> targets_;
    std::vector<Key> keys_;
    std::vector<std::uint32_t> nodes_be_;
};

/// The four bytes of an IPv4 address as the core holds them.
std::uint32_t address_be(const IpAddress& address);

/// And back.
IpAddress address_of(std::uint32_t address_be);

/// A TCP connection that arrived.
struct Tuple {
    Endpoint client;
    Endpoint destination;
    std::uint32_t syn_sequence = 0; ///< host order; 0 when the kernel did not keep the SYN
};

/// The flow hash of a new connection: with `sticky`, of the client's address only. The addresses
/// must be of one family.
std::uint32_t connection_hash(const Tuple& tuple, bool sticky);

/// The target (index into tables.targets()) of a new connection to tables.listeners()[listener]:
/// the one the packet path would choose for its SYN. Nothing when the group has no target.
/// Safe to call from many threads.
std::optional<std::uint32_t> decide(const Tables& tables, std::uint32_t listener,
                                    const Tuple& tuple);

} // namespace nlb::flow
