// SPDX-License-Identifier: Apache-2.0
// PortUse: how many connections, or flows of datagrams, the node's address has to one target. Each
// takes a port there, and the service has 55,000 of them [p.43]. The kernel may have fewer
// (ip_local_port_range, ip(7)).
#pragma once

#include "base/ip.hpp"

#include "l4/l4_abi.h"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <tuple>

namespace nlb::proxy {

/// Shared by all workers.
class PortUse {
  public:
    static constexpr std::uint32_t kMost = NLB_SNAT_PORTS;

    /// False: none is left.
    [[nodiscard]] bool take() {
        if (used_.fetch_add(1, std::memory_order_relaxed) < kMost) return true;
        give_back();
        return false;
    }

    void give_back() { used_.fetch_sub(1, std::memory_order_relaxed); }

    [[nodiscard]] std::uint32_t used() const { return used_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint32_t> used_{0};
};

/// One PortUse for each pair of addresses and protocol, whichever groups and listeners have it; it
/// lives as long as a connection, flow or route knows it. Of the control thread.
class PortUses {
  public:
    std::shared_ptr<PortUse> of(const IpAddress& source, const Endpoint& target,
                                std::uint8_t protocol = NLB_PROTOCOL_TCP) {
        auto& known = uses_[{source, target, protocol}];
        auto use = known.lock();
        if (!use) known = use = std::make_shared<PortUse>();
        return use;
    }

    /// Drops the entries that nobody knows any more.
    void forget_unused() {
        std::erase_if(uses_, [](const auto& entry) { return entry.second.expired(); });
    }

    [[nodiscard]] std::size_t size() const { return uses_.size(); }

  private:
    std::map<std::tuple<IpAddress, Endpoint, std::uint8_t>, std::weak_ptr<PortUse>> uses_;
};

} // namespace nlb::proxy
