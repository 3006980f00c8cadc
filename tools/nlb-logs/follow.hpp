// SPDX-License-Identifier: Apache-2.0
// Files that appear while nlb-logs runs.
#pragma once

#include "scan/files.hpp"

#include "base/result.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

/// Finds files below folders that were not there before, once they have stopped to grow.
class Follower {
  public:
    /// `known` are not new.
    Follower(std::vector<std::string> paths, nlb::scan::Window window,
             const std::vector<std::string>& known)
        : paths_(std::move(paths)), window_(window), known_(known.begin(), known.end()) {}

    /// Waits until there are new files. Errors: System, when a folder cannot be read.
    nlb::Result<std::vector<std::string>> wait();

  private:
    nlb::Result<std::vector<std::string>> look();

    std::vector<std::string> paths_;
    nlb::scan::Window window_;
    std::set<std::string> known_;
    std::map<std::string, std::uintmax_t> sizes_; ///< of new ones at the last look
};
