// SPDX-License-Identifier: Apache-2.0
// The bytes of a capture file piece by piece, decompressed on the way where they are compressed.
#pragma once

#include "compress/reader.hpp"

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nlb::capture {

class ByteStream {
  public:
    explicit ByteStream(compress::ByteSource source)
        : reader_(std::move(source)), buffer_(2 * kMostAtOnce) {}

    /// The next `bytes`, at most kMostAtOnce, valid until the next call; null when the input ended
    /// before the first of them. Errors: Data, when the input ends in the middle of `what` or is
    /// damaged; those of the source.
    Result<const std::uint8_t*> take(std::size_t bytes, const char* what) {
        if (end_ - begin_ < bytes) return fill(bytes, what);
        const std::uint8_t* at = buffer_.data() + begin_;
        begin_ += bytes;
        return at;
    }

    /// Fills all of `out` and returns true; false when the input ended before its first byte.
    /// Errors: as take.
    Result<bool> read(std::span<std::uint8_t> out, const char* what);

    /// Reads and forgets `bytes`. Errors: as take.
    Result<void> skip(std::uint64_t bytes, const char* what);

    static constexpr std::size_t kMostAtOnce = std::size_t{256} * 1024;

  private:
    Result<const std::uint8_t*> fill(std::size_t bytes, const char* what);

    compress::Reader reader_;
    std::vector<std::uint8_t> buffer_;
    std::size_t begin_ = 0; ///< of what was read and not taken
    std::size_t end_ = 0;
};

} // namespace nlb::capture
