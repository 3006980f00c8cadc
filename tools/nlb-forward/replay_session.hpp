// SPDX-License-Identifier: Apache-2.0
// One capture on its way through one engine, with the capture's clock.
#pragma once

#include "replay/engine.hpp"
#include "replay/timeline.hpp"
#include "replay_sink.hpp"

#include "capture/filter.hpp"
#include "capture/reader.hpp"

#include "base/result.hpp"

#include <optional>

class ReplaySession {
  public:
    /// All but the filter must outlive it.
    ReplaySession(nlb::replay::Timeline& timeline, nlb::replay::Engine& engine, ReplaySink& sink,
                  std::optional<nlb::capture::Filter> filter)
        : timeline_(timeline), engine_(engine), sink_(sink), filter_(std::move(filter)) {}

    /// Decides the packet and tells of it; false when the filter left it out.
    nlb::Result<bool> take(const nlb::capture::Packet& packet);

    /// Packets that the engines cannot be shown.
    [[nodiscard]] std::uint64_t skipped() const { return skipped_; }

  private:
    nlb::Result<bool> skip(const nlb::replay::PacketPlace& place, std::string_view why);
    nlb::Result<void> decide(const nlb::replay::PacketPlace& place);

    nlb::replay::Timeline& timeline_;
    nlb::replay::Engine& engine_;
    ReplaySink& sink_;
    std::optional<nlb::capture::Filter> filter_;
    std::vector<std::uint8_t> frame_;
    std::uint64_t skipped_ = 0;
    std::uint64_t opened_ = 0; ///< flows
};
