// SPDX-License-Identifier: Apache-2.0
// What both datapaths count, as one process has to tell it.
#pragma once

#include "base/time.hpp"
#include "contract/sets.hpp"

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// One line for all of the same name, listener, zone and group: a listener has two transports, and
/// may have changed from one datapath to the other.
std::vector<nlb::contract::Counter> added_up(const std::vector<nlb::contract::Counter>& lines);

/// PeakBytesPerSecond and, where packets are seen, PeakPacketsPerSecond of every load balancer and
/// zone: the highest average over ten seconds [p.72].
class PeakRates {
  public:
    /// Which load balancers listeners are of.
    void learn(std::span<const nlb::contract::Set> sets);

    /// The totals of `now`; to be called every ten seconds.
    void look_at(const std::vector<nlb::contract::Counter>& totals, nlb::Nanos now);

    /// The peaks since the last call; nothing within the first ten seconds.
    std::vector<nlb::contract::Counter> take();

    static constexpr nlb::Nanos kEvery = nlb::Nanos::seconds(10);

  private:
    struct Rate {
        std::uint64_t total = 0; // as of the latest look
        std::uint64_t peak = 0;  // a second
        bool is_known = false;   // was there a look before?
    };

    using Of = std::pair<std::string, std::string>; // load balancer, zone

    std::map<std::string, std::string> balancers_; // by listener
    std::map<Of, Rate> bytes_;
    std::map<Of, Rate> packets_;
    nlb::Nanos last_;
    bool has_peaks_ = false;
};
