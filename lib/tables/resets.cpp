// SPDX-License-Identifier: Apache-2.0
#include "tables/resets.hpp"

#include "l4/l4_abi.h"

namespace nlb::tables {

std::uint16_t reset_flags_of(const contract::Route& route, bool is_open) {
    const bool fails =
        route.state == model::HealthState::Unhealthy && !is_open && !route.kept.value_or(false);
    const bool is_terminated = route.terminated.value_or(false);
    return static_cast<std::uint16_t>((fails ? NLB_TARGET_UNHEALTHY : 0U) |
                                      (is_terminated ? NLB_TARGET_TERMINATED : 0U));
}

} // namespace nlb::tables
