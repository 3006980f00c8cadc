// SPDX-License-Identifier: Apache-2.0
// Who is told of each packet of a replay, in the order of the capture.
#pragma once

#include "replay/verdict_text.hpp"

#include "base/result.hpp"

#include <cstdint>
#include <span>
#include <string_view>

class ReplaySink {
  public:
    ReplaySink() = default;
    virtual ~ReplaySink() = default;
    ReplaySink(const ReplaySink&) = delete;
    ReplaySink& operator=(const ReplaySink&) = delete;

    /// The tables that decide from now on; nothing of them is kept.
    virtual void set_tables(const nlb::flow::Tables& tables) = 0;

    /// `questions`: of the decision, or none. `frame`: as the engine left it.
    virtual nlb::Result<void> decided(const nlb::replay::PacketPlace& place,
                                      const nlb::flow::Decision& decision,
                                      std::span<const nlb::flow::Asked> questions,
                                      std::span<const std::uint8_t> frame) = 0;

    /// The engines cannot be shown the packet. `why`: a literal.
    virtual nlb::Result<void> skipped(const nlb::replay::PacketPlace& place,
                                      std::string_view why) = 0;

    /// The filter left a packet out.
    virtual void filtered() = 0;
};
