// SPDX-License-Identifier: Apache-2.0
// Where a replay's lines and frames go: lines to standard output, frames to a capture file. "-" is
// standard output for the frames, and then there are no lines.
#pragma once

#include "capture/writer.hpp"
#include "io/fd.hpp"

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

class ReplayOutput {
  public:
    /// `path`: "-", a file, which is pcapng when its name says so, or empty: no frames.
    static nlb::Result<ReplayOutput> open(const std::string& path);

    /// Null when no frames are wanted.
    [[nodiscard]] nlb::capture::Writer* frames() { return frames_ ? &*frames_ : nullptr; }

    [[nodiscard]] bool has_lines() const { return has_lines_; }

    /// Append here.
    std::string& lines() { return lines_; }

    nlb::Result<void> flush_some() {
        if (lines_.size() < kBatchBytes && (!frames_ || frames_->pending() < kBatchBytes))
            return {};
        return flush();
    }

    nlb::Result<void> flush();

    /// After the last flush.
    nlb::Result<void> close();

  private:
    static constexpr std::size_t kBatchBytes = std::size_t{256} * 1024;

    nlb::Result<void> write_file(std::string_view bytes);

    std::string lines_;
    std::optional<nlb::capture::Writer> frames_;
    bool has_lines_ = true;
    std::string path_;
    nlb::io::Fd file_;
};
