// SPDX-License-Identifier: Apache-2.0
// Flows that ended: told once, kept a while for late packets, then deleted. It walks the flow
// tables in portions, each a short turn of the loop, and hears of closed flows from the programs.
#pragma once

#include "bpf/nlb_maps.h"
#include "kernel/flow_scan.hpp"

#include "io/event_loop.hpp"

#include "contract/evidence.hpp"

#include <functional>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace nlb::kernel {

/// Why a flow ended; the words are those of nlb-forward(8).
enum class FlowEnd : std::uint8_t {
    Closed,
    ClientReset,
    TargetReset,
    TargetRefused,
    IdleTimeout,
    TargetTimeout, ///< the target never answered
    TargetUnhealthy,
    TargetDeregistered
};

std::string_view to_text(FlowEnd end);

struct EndedFlow {
    FlowEntry client;
    std::uint64_t target_bytes = 0;
    std::uint64_t target_packets = 0;
    FlowEnd end = FlowEnd::Closed;
    Nanos ended; ///< last packet, or when the idle timeout was over
};

using contract::Sign;

class Sweeper {
  public:
    struct Handlers {
        /// Empty: nobody asks, and nothing is looked up for it.
        std::function<void(const EndedFlow&)> on_ended;
        /// Never of UDP.
        std::function<void(const nlb_flow&, Sign)> on_sign;
        /// Flags of a target; 0 when the index is free or has another generation.
        std::function<std::uint32_t(std::uint32_t index, std::uint32_t generation)> target_flags;
        /// Every flow that ended before this time has been told of.
        std::function<void(Nanos)> on_walked;
    };

    /// `flows` must outlive it.
    Sweeper(io::EventLoop& loop, io::FlowMaps& flows, Handlers handlers);
    ~Sweeper();
    Sweeper(const Sweeper&) = delete;
    Sweeper& operator=(const Sweeper&) = delete;

    /// `told_until`: an earlier process told of every flow that ended before then.
    void start(Nanos told_until);

    /// An event of the programs.
    void take(const nlb_flow_event& event);

    /// Live flows at the end of the last walk, by nlb_counters_place() of listener and protocol.
    [[nodiscard]] const std::unordered_map<std::uint32_t, std::uint64_t>& active() const {
        return active_;
    }

  private:
    void begin_walk_at(Nanos when);
    void turn();
    void look_at(const FlowEntry& entry, Nanos now);
    /// An entry of the target's direction that leads nowhere is removed.
    void look_at_reply(const FlowEntry& entry);
    void look_for_silence(const FlowEntry& entry, Nanos now);
    void end_walk(Nanos began);
    void tell(const FlowEntry& entry, FlowEnd end, Nanos now);

    [[nodiscard]] bool is_told(std::uint64_t name) const { return told_.contains(name); }

    io::EventLoop& loop_;
    io::FlowMaps& flows_;
    Handlers handlers_;
    FlowScan scan_;
    io::EventLoop::TimerId timer_ = 0;
    Nanos told_until_;
    Nanos walk_began_;
    std::uint64_t walks_ = 0;
    std::unordered_map<std::uint64_t, Nanos> told_;   // by name of the flow: when
    std::unordered_map<std::uint64_t, Nanos> silent_; // told to be silent
    std::unordered_map<std::uint32_t, std::uint64_t> active_;
    std::unordered_map<std::uint32_t, std::uint64_t> counting_;
};

} // namespace nlb::kernel
