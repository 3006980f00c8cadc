// SPDX-License-Identifier: Apache-2.0
// Descriptors that go from one process to another through a Unix socket [unix(7), SCM_RIGHTS].
#pragma once

#include "io/fd.hpp"

#include "base/time.hpp"

#include <optional>
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

/// What there is, at most 4 KiB and the descriptors of one send_descriptors(); waits so long for
/// it. Errors: System.
Result<Received> receive_descriptors(int socket, Nanos patience);

/// The lines and descriptors of several send_descriptors(), each in the order in which they were
/// sent. Descriptors are there when the line is that they were sent with.
class DescriptorReader {
  public:
    /// False: the other side has closed. Errors: System, Data when a line is too long.
    Result<bool> read(int socket, Nanos patience);

    /// The next whole line, without its end.
    std::optional<std::string> line();

    /// At most so many of the descriptors that came.
    std::vector<Fd> take(std::size_t count);

  private:
    std::string text_;
    std::vector<Fd> descriptors_;
};

} // namespace nlb::io
