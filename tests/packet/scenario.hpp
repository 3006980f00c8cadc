// SPDX-License-Identifier: Apache-2.0
// A row of the packet tests: a sentence, tables, and packets with what each must become; played on
// every engine.
#pragma once

#include "support/engines.hpp"
#include "support/packet_builder.hpp"

#include "contract/messages.hpp"

#include <optional>
#include <string>
#include <vector>

namespace nlb::test {

/// What is sent and what must come of it.
struct Step {
    double at_seconds = 0;
    PacketBuilder packet;
    nlb_l4_reason reason = NLB_REASON_NEW_FLOW; ///< the action follows from it
    /// The frame afterwards; nothing: unchanged. Ports given as 0 are taken from the verdict.
    std::optional<PacketBuilder> becomes;
};

/// The builder of a step may need the source port that was claimed before.
struct Claimed {
    std::uint16_t port = 0; ///< of the last NEW_FLOW of this engine
};

struct Row {
    const char* sentence;
    std::vector<contract::Message> lines;
    std::vector<std::function<Step(const Claimed&)>> steps;
};

/// Plays the row on every engine; Boost.Test hears of differences, with the packet in Scapy's words
/// and a capture file to look at.
void play(const Row& row);

/// Writes the frames one second apart to NAME.pcap in the working directory and returns its path.
std::string save_frames(const std::string& name, const std::vector<Frame>& frames);

} // namespace nlb::test
