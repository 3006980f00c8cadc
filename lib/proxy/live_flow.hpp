// SPDX-License-Identifier: Apache-2.0
// LiveFlow: a connection or UDP flow as it is now, for who lists them. A worker shows its flows in
// portions, so that a walk over many delays nobody.
#pragma once

#include "proxy/routing.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace nlb::proxy {

enum class FlowState : std::uint8_t {
    Opening,     ///< the target has not answered
    Established, ///< it has
    Closing      ///< one direction has ended
};

struct LiveFlow {
    std::shared_ptr<const FlowLabel> label;
    Endpoint client;
    Endpoint source; ///< whom the target sees; port 0: not asked for
    FlowState state = FlowState::Opening;
    std::uint64_t client_bytes = 0;
    std::uint64_t target_bytes = 0;
    std::int64_t age_ms = 0;
    std::int64_t idle_ms = 0;
};

/// Which part of all flows: places of one kind in one worker.
struct FlowCursor {
    std::size_t worker = 0;
    Transport transport = Transport::Tcp;
    std::uint32_t place = 0;
};

/// Places that are looked at in one turn of a worker.
constexpr std::uint32_t kPlacesShown = 256;

struct FlowPortion {
    std::uint64_t question = 0; ///< which one this answers
    std::vector<LiveFlow> flows;
    bool is_last = false; ///< the worker has no more places of the kind
};

} // namespace nlb::proxy

namespace nlb {

template <>
struct EnumText<proxy::FlowState> {
    static constexpr std::array<std::string_view, 3> names{"opening", "established", "closing"};
};

} // namespace nlb
