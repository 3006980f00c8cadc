// SPDX-License-Identifier: Apache-2.0
// Where the lines and fields of many lines are: one pass over the bytes, 64 at a time (SSE2, or
// AVX2 or AVX-512 where the machine has them). Afterwards any of the first 20 fields is found in
// one step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace nlb::accesslog {

class LineIndex {
  public:
    /// Positions in the text given to build().
    struct Line {
        std::uint32_t begin = 0;
        std::uint32_t end = 0;                 ///< of the line feed
        const std::uint32_t* spaces = nullptr; ///< their positions; the line feed is behind them
        std::uint32_t count = 0;               ///< of the spaces
    };

    /// The widest vectors that may be used; the machine may have only narrower ones.
    enum class Width : std::uint8_t { Sse2, Avx2, Avx512 };

    /// `text` is whole lines, the last one with its line feed, less than 2^31 bytes. The text must
    /// outlive what is asked about it.
    void build(std::string_view text, Width widest = Width::Avx512);

    [[nodiscard]] std::size_t lines() const { return lines_; }

    /// Whether there are two separators in a row anywhere (or one at the begin), so that a line
    /// may have an empty field.
    [[nodiscard]] bool has_empty() const { return has_empty_; }

    [[nodiscard]] Line line(std::size_t i) const {
        const std::uint32_t first = i == 0 ? 0 : ends_[i - 1] + 1;
        return {.begin = first == 0 ? 0 : places_[first - 1] + 1,
                .end = places_[ends_[i]],
                .spaces = places_.get() + first,
                .count = ends_[i] - first};
    }

  private:
    void reserve(std::size_t bytes);

    std::unique_ptr<std::uint32_t[]> places_; ///< of all spaces and line feeds
    std::unique_ptr<std::uint32_t[]> ends_;   ///< of these, which are line feeds
    std::size_t capacity_ = 0;
    std::size_t lines_ = 0;
    bool has_empty_ = false;
};

} // namespace nlb::accesslog
