// SPDX-License-Identifier: Apache-2.0
// seccomp(2): which system calls stay. What is not on the list does not exist (ENOSYS), as on an
// older kernel: a C library that tries a newer call takes another one, and does not end a balancer
// with all its connections. What nothing here and no C library does, but an intruder would, such as
// running a program, kills the process at once. The kernel logs that.
#pragma once

#include "base/result.hpp"

namespace nlb::sandbox {

/// Of the calling thread and those that it starts. `uses_bpf`: bpf(2) too. Errors: System, when the
/// kernel has no filters.
Result<void> keep_calls(bool uses_bpf);

} // namespace nlb::sandbox
