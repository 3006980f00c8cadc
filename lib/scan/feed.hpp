// SPDX-License-Identifier: Apache-2.0
// One file as pieces of whole lines.
#pragma once

#include "compress/reader.hpp"

#include "base/result.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace nlb::scan {

/// Room for one piece, used again and again.
struct Buffer {
    std::unique_ptr<char[]> bytes;
    std::size_t room = 0;
    std::size_t used = 0;

    [[nodiscard]] std::string_view text() const { return {bytes.get(), used}; }

    void reserve(std::size_t wanted);
};

class Feed {
  public:
    explicit Feed(std::string path) : path_(std::move(path)) {}

    /// The next lines, the last with a line feed even where the file has none; empty at the end.
    /// A line of more than 1 MiB is cut. Errors: System and Data, after what could be read.
    Result<void> next(Buffer& buffer);

    [[nodiscard]] const std::string& path() const { return path_; }

    [[nodiscard]] std::uint64_t taken() const { return reader_ ? reader_->taken() : taken_; }

    /// Gives back what reading needs.
    void close();

  private:
    Result<void> open();
    Result<void> fill(Buffer& buffer);

    std::string path_;
    std::unique_ptr<compress::Reader> reader_;
    std::string rest_; ///< the begin of a line
    std::optional<Error> error_;
    bool ended_ = false;
    std::uint64_t taken_ = 0; ///< when closed
};

} // namespace nlb::scan
