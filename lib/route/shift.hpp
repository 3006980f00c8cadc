// SPDX-License-Identifier: Apache-2.0
// What may be done with zonal shifts [p.20-22]: one at a time for a load balancer, for 1 minute to
// 72 hours, with a comment, and only while cross-zone load balancing is off for all its groups.
// Pure; a Publisher carries out what these functions allow.
#pragma once

#include "route/use.hpp"

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nlb::route {

constexpr std::uint64_t kShortestShiftSeconds = 60;                         // [p.21]
constexpr std::uint64_t kLongestShiftSeconds = std::uint64_t{72} * 60 * 60; // [p.21]
constexpr std::size_t kLongestShiftComment = 128; ///< bytes; as its API has it

struct ShiftRequest {
    std::string load_balancer; ///< name or id
    std::string zone;
    std::optional<std::uint64_t> expires_in_seconds;
    std::optional<std::string> comment;
};

/// Errors, all Usage with the reason in words: no such load balancer or zone, a shift of it is
/// active, cross-zone load balancing is on, nowhere else to go, no or a wrong expiry or comment.
Result<ZonalShift> start_shift(const model::Configuration& configuration,
                               const std::vector<ZonalShift>& active, const ShiftRequest& request,
                               WallTime now);

/// Another expiry, comment or both. Errors: Usage as above, or no shift is active.
Result<ZonalShift> update_shift(const model::Configuration& configuration,
                                const std::vector<ZonalShift>& active, const ShiftRequest& request,
                                WallTime now);

/// The active shift of the load balancer. Errors: Usage when there is none.
Result<ZonalShift> find_shift(const model::Configuration& configuration,
                              const std::vector<ZonalShift>& active,
                              std::string_view load_balancer);

/// Why `shift` cannot be active under `configuration`; empty when it can.
std::string shift_objection(const model::Configuration& configuration, const ZonalShift& shift);

} // namespace nlb::route
