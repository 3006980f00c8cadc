// SPDX-License-Identifier: Apache-2.0
// A row of the packet tests: a sentence, tables, and packets with what each must become; played on
// every engine.
#pragma once

#include "support/engines.hpp"
#include "support/packet_builder.hpp"

#include "contract/messages.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nlb::test {

using Lines = std::vector<contract::Message>;

/// What is sent and what must come of it.
struct Step {
    double at_seconds = 0;
    PacketBuilder packet;
    nlb_l4_reason reason = NLB_REASON_NEW_FLOW; ///< the action follows from it
    /// The frame afterwards; nothing: unchanged, and a reason to reset then means DROP.
    std::optional<PacketBuilder> becomes = std::nullopt;
    /// The source port of `becomes` is the one that was claimed.
    bool claims = false;
    /// Before the packet these are the tables.
    std::optional<Lines> tables = std::nullopt;
};

/// What a step may need to know of the flow that was opened last on this engine.
struct Claimed {
    std::uint16_t port = 0;
};

using Make = std::function<Step(const Claimed&)>;

struct Row {
    const char* sentence;
    Lines lines;
    std::vector<Make> steps;
    flow::EngineLimits limits{.most_flows = 4096};
    std::vector<std::uint16_t> host_ports{};
};

/// Plays the row on every engine; Boost.Test hears of differences, with the packet in Scapy's words
/// and a capture file to look at.
void play(const Row& row);

/// Reasons that rows have met so far.
const std::set<nlb_l4_reason>& reasons_met();

/// Writes the frames one second apart to NAME.pcap in the working directory and returns its path.
std::string save_frames(const std::string& name, const std::vector<Frame>& frames);

} // namespace nlb::test
