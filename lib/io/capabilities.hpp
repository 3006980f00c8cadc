// SPDX-License-Identifier: Apache-2.0
// capabilities(7): which this process has, and which stay.
#pragma once

#include "base/result.hpp"

#include <vector>

namespace nlb::io {

/// Does the calling thread have it?
bool has_capability(unsigned capability);

/// Of the calling thread and those that it starts. Those it does not have are not missed.
/// Errors: System.
Result<void> keep_capabilities(const std::vector<unsigned>& wanted);

} // namespace nlb::io
