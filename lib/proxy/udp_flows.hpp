// SPDX-License-Identifier: Apache-2.0
// UdpFlows: which datagrams belong together. A flow is found by the listening socket and the client
// that a datagram came from, and by the socket and the target that an answer came from: one socket
// carries a flow to each of many targets. Pure; bounded.
#pragma once

#include "proxy/pool.hpp"
#include "proxy/routing.hpp"
#include "proxy/session.hpp"
#include "proxy/udp_address.hpp"

#include "flow/flow_table.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>

namespace nlb::proxy {

/// No datagram of this kind waits in a UdpOutbound.
constexpr std::uint32_t kNoOutbound = ~std::uint32_t{0};

struct UdpFlow {
    std::shared_ptr<const FlowLabel> label;
    UdpAddress client;
    UdpAddress target;
    std::uint32_t listener = 0; ///< slot of the socket that the client's datagrams come by
    std::uint32_t socket = 0;   ///< number of the one that the target's come by
    std::int64_t start_ms = 0;  ///< monotonic
    std::int64_t last_ms = 0;   ///< monotonic: of the last datagram of either side
    std::uint64_t client_bytes = 0;
    std::uint64_t target_bytes = 0;
    std::uint64_t client_datagrams = 0;
    std::uint64_t target_datagrams = 0;
    std::shared_ptr<const std::string> header; ///< before each datagram of the client; null: none
    End refused = End::None; ///< what an ICMP error said of the target since its last answer
    /// By the Side that they came from: where more of them may be joined until they are sent.
    std::array<std::uint32_t, 2> outbound{kNoOutbound, kNoOutbound};
    std::array<bool, 2> sends_singly{}; ///< the way takes no joined datagrams, or was too narrow
    bool holds_port = false;            ///< of its label's PortUse
    std::uint32_t index = 0;
    std::uint32_t generation = 0;
    bool in_use = false;
};

class UdpFlows {
  public:
    /// At most `most` flows at a time. `secret`: nobody outside knows it, so that nobody can choose
    /// addresses whose flows are slow to find.
    UdpFlows(std::size_t most, std::uint32_t secret) : most_(most), secret_(secret) {}

    [[nodiscard]] UdpFlow* of_client(std::uint32_t listener, const UdpAddress& client) {
        return find(by_client_, key(listener, client));
    }

    [[nodiscard]] UdpFlow* of_target(std::uint32_t socket, const UdpAddress& target) {
        return find(by_target_, key(socket, target));
    }

    /// A new flow with these ends, which no other one has on either side. Not when is_full().
    UdpFlow& open(std::uint32_t listener, const UdpAddress& client, std::uint32_t socket,
                  const UdpAddress& target);

    void close(UdpFlow& flow);

    [[nodiscard]] UdpFlow& at(std::uint32_t index) { return flows_.at(index); }

    [[nodiscard]] std::size_t size() const { return flows_.size(); }

    [[nodiscard]] bool is_full() const { return flows_.size() >= most_; }

    /// `visit` may close the flow that it is called with.
    template <class Visit>
    void for_each(Visit&& visit) {
        flows_.for_each(visit);
    }

    /// As Pool::visit().
    template <class Visit>
    bool visit(std::uint32_t first, std::uint32_t count, Visit&& visit) {
        return flows_.visit(first, count, visit);
    }

  private:
    struct Key {
        std::uint32_t secret = 0; // first: what follows is mixed with it
        std::uint32_t socket = 0;
        UdpAddress::Words address;
    };

    using Table = flow::FlowTable<Key, std::uint32_t>;

    [[nodiscard]] Key key(std::uint32_t socket, const UdpAddress& address) const {
        return {secret_, socket, address.words()};
    }

    UdpFlow* find(Table& table, const Key& key) {
        const std::uint32_t* index = table.find(key);
        return index == nullptr ? nullptr : &flows_.at(*index);
    }

    std::size_t most_;
    std::uint32_t secret_;
    Pool<UdpFlow> flows_;
    Table by_client_;
    Table by_target_;
};

} // namespace nlb::proxy
