// SPDX-License-Identifier: Apache-2.0
// End: why a connection or a UDP flow ended.
#pragma once

#include "base/enum_text.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace nlb::proxy {

/// Why a connection ended; the table of nlb-forward(8).
enum class End : std::uint8_t {
    None, ///< it has not
    Closed,
    ClientReset,
    TargetReset,
    ClientLost,
    TargetLost,
    IdleTimeout,
    TargetRefused,
    TargetUnreachable,
    TargetTimeout,
    NoTarget,
    PortAllocation,
    NoResources,
    Stopped,
    TargetUnhealthy,
    TargetDeregistered,
    ListenerRemoved, ///< of a UDP flow
    Hairpin,         ///< the target is the client, whose address it was to see
    FlowCollision    ///< the client's address and port lead to the target already
};

constexpr std::size_t kEnds = 19;

} // namespace nlb::proxy

namespace nlb {

template <>
struct EnumText<proxy::End> {
    static constexpr std::array<std::string_view, proxy::kEnds> names{"open",
                                                                      "closed",
                                                                      "client-reset",
                                                                      "target-reset",
                                                                      "client-lost",
                                                                      "target-lost",
                                                                      "idle-timeout",
                                                                      "target-refused",
                                                                      "target-unreachable",
                                                                      "target-timeout",
                                                                      "no-target",
                                                                      "port-allocation",
                                                                      "no-resources",
                                                                      "stopped",
                                                                      "target-unhealthy",
                                                                      "target-deregistered",
                                                                      "listener-removed",
                                                                      "hairpin",
                                                                      "flow-collision"};
};

} // namespace nlb
