// SPDX-License-Identifier: Apache-2.0
// What holds of every verdict, whatever the frame was: said by the headers of lib/l4 and checked
// without their code.
#pragma once

#include "support/packet_bytes.hpp"

#include "flow/user_engine.hpp"

#include <string>

namespace nlb::test {

/// "" or the rule that was broken. `in`: the frame as it came, `out`: as the engine left it.
std::string verdict_complaint(const Frame& in, const Frame& out, const flow::Decision& decision);

} // namespace nlb::test
