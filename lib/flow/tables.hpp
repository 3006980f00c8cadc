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
    nlb_listener value{}; ///< index: position in Tables::listeners; idle_ms: of TCP
    model::ListenerId id;
    model::LoadBalancerId load_balancer;
    std::string zone;
    model::Protocol protocol = model::Protocol::Tcp;
    Endpoint endpoint;
    bool is_in_use = true; ///< false: the index is free, and nothing else is said
};

/// How the node of one zone treats a target group.
struct GroupEntry {
    nlb_group value{};
    model::TargetGroupId id;
    std::string zone;
    IpAddress source; ///< node's private address
    bool proxy_protocol_v2 = false;
    std::vector<std::uint32_t> members; ///< targets in the ring, ordered by their ids
    std::vector<std::uint32_t> weights; ///< of each member
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

    /// `slots`: indexes into `targets`; `nodes`: addresses this node answers for;
    /// `host_ports`: of those addresses, TCP and UDP, left to the host where no listener is.
    Tables(std::vector<ListenerEntry> listeners, std::vector<GroupEntry> groups,
           std::vector<std::uint32_t> slots, std::vector<TargetEntry> targets,
           const std::vector<IpAddress>& nodes, std::span<const std::uint16_t> host_ports = {});

    [[nodiscard]] std::span<const ListenerEntry> listeners() const { return listeners_; }

    [[nodiscard]] std::span<const GroupEntry> groups() const { return groups_; }

    [[nodiscard]] std::span<const std::uint32_t> slots() const { return slots_; }

    [[nodiscard]] std::span<const TargetEntry> targets() const { return targets_; }

    /// Addresses of the node, sorted.
    [[nodiscard]] std::span<const nlb_address> nodes() const { return nodes_; }

    /// Key and value of every protocol of every listener, sorted.
    struct Key {
        nlb_listener_key key{};
        nlb_listener value{};
    };

    [[nodiscard]] std::span<const Key> keys() const { return keys_; }

    /// The listener's value for the packet path, or nothing.
    [[nodiscard]] const nlb_listener* find(const nlb_listener_key& key) const;
    [[nodiscard]] bool is_node(const nlb_address& address) const;

  private:
    void index_listeners();
    void sort_keys();
    void add_host_ports(std::span<const std::uint16_t> ports);

    std::vector<ListenerEntry> listeners_;
    std::vector<GroupEntry> groups_;
    std::vector<std::uint32_t> slots_;
    std::vector<TargetEntry> targets_;
    std::vector<Key> keys_;
    std::vector<nlb_address> nodes_;
};

/// [guide, Connection idle timeout]; it cannot be changed.
constexpr std::uint32_t kUdpIdleMs = 120'000;

/// An address as the core holds it: four words in network order.
void put_address(const IpAddress& address, std::uint32_t (&words_be)[4]);

/// And back. `family`: 4 or 6.
IpAddress address_of(const std::uint32_t (&words_be)[4], std::uint8_t family);

/// Both ends must be of one family.
nlb_tuple tuple_of(const Endpoint& source, const Endpoint& destination, std::uint8_t protocol);

/// A connection, or a first datagram, that arrived.
struct Tuple {
    Endpoint client;
    Endpoint destination;
    std::uint32_t syn_sequence = 0; ///< host order; 0 when the kernel did not keep the SYN
    std::uint8_t protocol = NLB_PROTOCOL_TCP;
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
