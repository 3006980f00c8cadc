// SPDX-License-Identifier: Apache-2.0
// capabilities(7) that the kernel datapath cannot do without until it is attached.
#pragma once

#include "base/result.hpp"

namespace nlb::kernel {

/// Errors: System, naming the capability that is missing.
Result<void> check_rights();

} // namespace nlb::kernel
