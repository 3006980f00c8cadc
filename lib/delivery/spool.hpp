// SPDX-License-Identifier: Apache-2.0
// The folder of the segments. One process has it at a time; what an earlier one left there is
// delivered by the next.
#pragma once

#include "io/fd.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace nlb::delivery {

/// A segment that nobody writes any more.
struct StoredSegment {
    std::string path;
    std::string bucket; ///< where it is to go; empty: the local directory
    std::uint64_t bytes = 0;
};

class Spool {
  public:
    /// Makes the folder, mode 0700, if only that last step of its path is missing, and locks it.
    /// Errors: System; Usage when another process has it.
    static Result<Spool> open(const std::string& folder);

    [[nodiscard]] const std::string& folder() const { return folder_; }

    struct LeftOver {
        std::vector<StoredSegment> segments; ///< oldest name first
        std::vector<std::string> damaged;    ///< set aside as NAME.damaged: without a whole head
    };

    /// What an earlier process left. Errors: System.
    [[nodiscard]] Result<LeftOver> left_over() const;

  private:
    Spool(std::string folder, io::Fd lock) : folder_(std::move(folder)), lock_(std::move(lock)) {}

    std::string folder_;
    io::Fd lock_;
};

} // namespace nlb::delivery
