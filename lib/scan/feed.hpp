// SPDX-License-Identifier: Apache-2.0
// One file as pieces of whole lines.
#pragma once

#include "compress/reader.hpp"
#include "envelope/envelope.hpp"

#include "io/fd.hpp"

#include "base/result.hpp"

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace nlb::scan {

constexpr std::size_t kLongestLine = 1U << 20U; ///< bytes; longer ones are cut

/// What is read: a file, standard input ("-"), or of a regular file some of its bytes.
struct Input {
    std::string path;
    std::uint64_t from = 0;
    std::uint64_t to = std::numeric_limits<std::int64_t>::max();
    std::shared_ptr<const io::Fd> file{}; ///< where the path may lead to another one by now

    [[nodiscard]] bool is_part() const { return *this != Input{path}; }

    bool operator==(const Input&) const = default;
};

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
    /// Waiting for more of a stream ends when `until` can be read. `key`, which may be null, is for
    /// what is encrypted. Both outlive the feed.
    Feed(Input input, const io::Fd& until, const envelope::Key* key = nullptr)
        : input_(std::move(input)), until_(until), key_(key) {}

    /// The next lines, the last with a line feed even where the file has none; empty at the end.
    /// Lines that come slowly through a pipe do not wait for later ones. A line longer than
    /// kLongestLine is cut. Errors: System and Data, after what could be read.
    Result<void> next(Buffer& buffer);

    [[nodiscard]] const std::string& path() const { return input_.path; }

    [[nodiscard]] std::uint64_t taken() const { return reader_ ? reader_->taken() : taken_; }

    /// Gives back what reading needs.
    void close();

  private:
    Result<void> open();
    Result<void> fill(Buffer& buffer);

    Input input_;
    const io::Fd& until_;
    const envelope::Key* key_;
    bool is_stream_ = false; ///< a pipe or the like
    std::unique_ptr<compress::Reader> reader_;
    std::string rest_; ///< the begin of a line
    std::optional<Error> error_;
    bool ended_ = false;
    std::uint64_t taken_ = 0; ///< when closed
};

} // namespace nlb::scan
