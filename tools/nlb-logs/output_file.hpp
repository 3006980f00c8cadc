// SPDX-License-Identifier: Apache-2.0
// A file that is written piece by piece.
#pragma once

#include "io/fd.hpp"

#include "base/result.hpp"

#include <string>
#include <string_view>

class OutputFile {
  public:
    /// Makes or empties the file. Errors: System, with the path.
    nlb::Result<void> open(const std::string& path);

    /// Errors: System, with the path.
    nlb::Result<void> write(std::string_view text);

  private:
    nlb::io::Fd fd_;
    std::string path_;
};
