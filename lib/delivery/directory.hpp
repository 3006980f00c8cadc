// SPDX-License-Identifier: Apache-2.0
// A local directory as the destination of log files.
#pragma once

#include "delivery/object.hpp"

#include <string>

namespace nlb::delivery {

class Directory {
  public:
    /// Makes the directory, mode 0750, if only that last step of its path is missing. Errors:
    /// System.
    static Result<Directory> open(const std::string& path);

    /// Puts the file to its place as a whole: it has either all its bytes, on the disk, or does not
    /// exist. Returns its path. Errors: System.
    [[nodiscard]] Result<std::string> put(const Object& object, WallTime now) const;

    /// Removes log files, and nothing else, whose interval ended before `time`, and folders that
    /// are empty then. Returns how many. Errors: System.
    [[nodiscard]] Result<std::size_t> remove_older(WallTime time) const;

  private:
    explicit Directory(std::string path) : path_(std::move(path)) {}

    std::string path_;
};

} // namespace nlb::delivery
