// SPDX-License-Identifier: Apache-2.0
// Tables for the parity test: listeners of every kind in both families, whose targets come, go and
// fall ill from one set to the next.
#pragma once

#include "packet/cast.hpp"

#include "flow/tables.hpp"

#include <random>

namespace nlb::test {

/// The ports of the listeners that both families have.
enum RandomPort : std::uint16_t {
    kPlainPort = 80,
    kPreservePort,
    kStickyPort,
    kEmptyPort,
    kHandedUpPort,
    kPreserveTwinPort, ///< the group of kPreservePort: the same targets
    kDatagramPort,
    kBothProtocolsPort,
    kOneTargetPort,
    kTranslatingPort,
    kNoListenerPort
};

inline constexpr int kMostTargets = 12;

/// The address of target `number`, from 1 on.
std::string target_address(const Cast& c, int number);

/// Some of the targets, some of them unhealthy, draining or terminated.
Lines random_lines(std::mt19937_64& random);

} // namespace nlb::test
