// SPDX-License-Identifier: Apache-2.0
// Whose flows are reset: one answer for the packet path and for sockets.
#pragma once

#include "contract/messages.hpp"

#include <cstdint>

namespace nlb::tables {

/// NLB_TARGET_UNHEALTHY and NLB_TARGET_TERMINATED, as `route` says of its target. `is_open`: some
/// node still sends the target new flows; failing open, an unhealthy one keeps those it has
/// [guide, Health checks for your target groups]. So does one that the route-set says it of, or
/// that is unhealthy.draining: nlb-policy knows the attributes and the clock.
std::uint16_t reset_flags_of(const contract::Route& route, bool is_open);

} // namespace nlb::tables
