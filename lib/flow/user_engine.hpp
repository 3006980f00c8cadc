// SPDX-License-Identifier: Apache-2.0
// The packet core over tables in memory: what the kernel programs do, with the same text. Frames
// are Ethernet; the clock is an argument.
#pragma once

#include "flow/tables.hpp"

#include "base/time.hpp"

#include <array>
#include <unordered_map>

namespace nlb::flow {

constexpr std::size_t kMostFlows = 1U << 20; ///< entries, two a flow; what the kernel table has

struct KeyHash {
    std::size_t operator()(const nlb_flow_key& key) const noexcept;
};

struct KeyEqual {
    bool operator()(const nlb_flow_key& a, const nlb_flow_key& b) const noexcept;
};

/// Entries stay where they are until they are erased.
using FlowTable = std::unordered_map<nlb_flow_key, nlb_flow, KeyHash, KeyEqual>;

/// Keys to delete so that flows which ended more than `kept` ago are forgotten: both directions,
/// and entries of the target's direction that lead nowhere.
std::vector<nlb_flow_key> ended_entries(const FlowTable& flows, Nanos now, Nanos kept);

using Counters = std::array<std::uint64_t, NLB_REASON_COUNT>;

struct Decision {
    nlb_l4_desc desc{}; ///< zero as far as the frame could not be read
    nlb_l4_verdict verdict{};
};

class UserEngine {
  public:
    /// Keeps a reference to `tables`.
    explicit UserEngine(const Tables& tables, std::size_t most_flows = kMostFlows)
        : tables_(&tables), most_flows_(most_flows) {}

    /// Swaps the tables; flows stay.
    void set_tables(const Tables& tables) { tables_ = &tables; }

    /// Decides and changes `frame` accordingly: FORWARD rewrites it, RESET turns it into the RST.
    Decision decide(std::vector<std::uint8_t>& frame, Nanos now);

    /// Forgets flows that ended more than `kept` ago, so that a long run stays bounded.
    void sweep(Nanos now, Nanos kept);

    [[nodiscard]] const Counters& counters() const { return counters_; }

    [[nodiscard]] std::size_t entries() const { return flows_.size(); }

  private:
    const Tables* tables_;
    std::size_t most_flows_;
    FlowTable flows_;
    Counters counters_{};
};

std::string_view action_text(std::uint8_t action);
std::string_view reason_text(std::uint8_t reason);
std::string_view reason_sentence(std::uint8_t reason);
/// The action every packet with this reason meets.
std::uint8_t reason_action(std::uint8_t reason);

} // namespace nlb::flow
