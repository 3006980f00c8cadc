// SPDX-License-Identifier: Apache-2.0
// Descriptors that go from one process to another through a Unix socket [unix(7), SCM_RIGHTS].
#pragma once

#include "io/fd.hpp"

#include "base/time.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nlb::io {

/// What the kernel passes on at once.
constexpr std::size_t kMostDescriptors = 253;

/// Sends `line` and, with it, copies of the descriptors; waits so long for room. The line is at
/// most 4 KiB, so that it is not split. Errors: System.
Result<void> send_descriptors(int socket, std::string_view line, std::span<const int> descriptors,
                              Nanos patience);

struct Received {
    std::string text; ///< empty: the other side has closed
    std::vector<Fd> descriptors;
};

/// What one send_descriptors() sent, provided that it had descriptors or nothing follows it; waits
/// so long for it. Errors: System.
Result<Received> receive_descriptors(int socket, Nanos patience);

} // namespace nlb::io
