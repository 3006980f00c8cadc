// SPDX-License-Identifier: Apache-2.0
// State changes in words, for the log: what, from what to what, and why.
#pragma once

#include "route/publisher.hpp"

#include <string>

namespace nlb::policy {

std::string describe(const route::HealthChange& change);
std::string describe(const route::ModeChange& change);
std::string describe(const route::ZonalShift& shift);

/// "2023-11-14T22:13:20Z"
std::string utc_text(std::int64_t unix_ms);

} // namespace nlb::policy
