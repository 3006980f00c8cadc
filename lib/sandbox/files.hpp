// SPDX-License-Identifier: Apache-2.0
// landlock(7): which files can still be opened.
#pragma once

#include "sandbox/sandbox.hpp"

#include "base/result.hpp"

#include <vector>

namespace nlb::sandbox {

/// Of the calling thread and those that it starts, which has PR_SET_NO_NEW_PRIVS. Errors: System,
/// when the kernel has no Landlock.
Result<void> keep_folders(const std::vector<Folder>& folders);

} // namespace nlb::sandbox
