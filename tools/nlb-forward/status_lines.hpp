// SPDX-License-Identifier: Apache-2.0
// What a running nlb-forward says of itself: its listeners and targets as the route-sets name them,
// with what is known of each here.
#pragma once

#include "contract/sets.hpp"
#include "contract/stream.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <vector>

/// Connections now, by group, zone and target.
using TargetFlows = std::map<std::tuple<std::string, std::string, std::string>, std::uint64_t>;

class StatusLines {
  public:
    /// `zone`: only this one is served; empty: all.
    explicit StatusLines(std::string zone) : zone_(std::move(zone)) {}

    /// As proxy::Proxy::apply().
    void take(std::span<const nlb::contract::Set> sets, bool is_everything);

    /// What is known beside the sets.
    struct Known {
        std::vector<nlb::contract::ListenerState> sockets; ///< listeners that sockets serve
        std::vector<nlb::contract::ListenerState> packets; ///< those that the kernel serves
        std::vector<nlb::contract::Counter> counters;
        TargetFlows flows;
    };

    /// listener-status and target-status lines.
    void put(const Known& known, nlb::contract::StreamWriter& out) const;

  private:
    void put_listeners(const Known& known, nlb::contract::StreamWriter& out) const;
    void put_targets(const Known& known, nlb::contract::StreamWriter& out) const;

    [[nodiscard]] bool is_served(const std::string& zone) const {
        return zone_.empty() || zone_ == zone;
    }

    std::string zone_;
    std::map<nlb::model::TargetGroupId, std::vector<nlb::contract::Message>> book_;
};
