// SPDX-License-Identifier: Apache-2.0
// What a running nlb-policy keeps beside its configuration, as lines of its state file.
#pragma once

#include "route/publisher.hpp"

#include "contract/messages.hpp"

#include <vector>

namespace nlb::route {

contract::ZonalShift shift_line(const ZonalShift& shift);

std::vector<contract::Message> state_lines(const RunningState& state);

/// Takes a line of the file; those that say nothing about the state are left alone.
void take_state_line(const contract::Message& line, RunningState& state);

} // namespace nlb::route
