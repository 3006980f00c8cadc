// SPDX-License-Identifier: Apache-2.0
// One packet's fate as a line of NDJSON; the members are in nlb-forward(8).
#pragma once

#include "flow/user_engine.hpp"

#include "base/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// Where the packet stood in the capture.
struct PacketPlace {
    std::uint64_t number = 0;
    nlb::Nanos time;
};

void append_verdict_line(const PacketPlace& place, const nlb::flow::Decision& decision,
                         const nlb::flow::Tables& tables, std::string& out);

/// A packet the engines cannot be shown.
void append_skipped_line(const PacketPlace& place, std::string_view reason, std::string& out);
