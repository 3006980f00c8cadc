// SPDX-License-Identifier: Apache-2.0
// What the kernel datapath has to tell, in the words of the contract.
#pragma once

#include "kernel/datapath.hpp"

#include "contract/evidence.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

/// Nothing when the flow's listener has no name any more.
std::optional<nlb::contract::Flow> flow_line(const nlb::kernel::EndedFlow& ended,
                                             const nlb::kernel::Labels& labels);

/// Totals since the process started: those of before are the earlier process's to tell.
class KernelCounters {
  public:
    explicit KernelCounters(const nlb::kernel::Datapath& datapath);

    [[nodiscard]] std::vector<nlb::contract::Counter> lines() const;

    /// The groups and zones whose nodes send new flows to targets that are not healthy, from now
    /// on: what the programs count is told apart by when it was counted.
    void note_failing_over(const std::set<std::pair<std::string, std::string>>& groups);

  private:
    using Values = std::map<std::string, std::uint64_t>;

    /// New flows of a listener.
    struct Unhealthy {
        std::uint64_t before = 0;           // while its group failed over earlier
        std::optional<std::uint64_t> since; // the total when it began to do so now
    };

    [[nodiscard]] std::uint64_t unhealthy_flows(std::uint32_t index, const Values& values) const;

    [[nodiscard]] std::map<std::uint32_t, Values> by_listener() const;
    void add(Values& values, std::uint32_t index, std::uint8_t protocol,
             const std::string& suffix) const;
    [[nodiscard]] Values active(std::uint32_t index, nlb::model::Protocol of) const;
    [[nodiscard]] Values of_process() const;

    const nlb::kernel::Datapath& datapath_;
    std::map<std::uint32_t, Values> listeners_before_;
    std::map<std::uint32_t, Unhealthy> unhealthy_; // by listener
    Values process_before_;
};

/// Of a flow whose listener and target still have names.
void count(const nlb_flow& flow, nlb::contract::Sign sign, const nlb::kernel::Labels& labels,
           nlb::contract::Evidence& evidence);
