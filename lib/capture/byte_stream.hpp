// SPDX-License-Identifier: Apache-2.0
// Bytes of a file, a pipe or memory, decompressed on the way: gzip (RFC 1952) and zstd (RFC 8878),
// recognised by their first bytes, any number of members or frames one after the other.
// Memory is bounded whatever the input says.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace nlb::capture {

/// Fills a part of the span and says how much; 0 at the end.
using ByteSource = std::function<Result<std::size_t>(std::span<std::uint8_t>)>;

/// Reads a file, or standard input for "-". Errors: System, with the path.
Result<ByteSource> open_source(const std::string& path);

/// Reads memory, which must outlive it.
ByteSource memory_source(std::span<const std::uint8_t> bytes);

class ByteStream {
  public:
    explicit ByteStream(ByteSource source);
    ~ByteStream();
    ByteStream(ByteStream&&) noexcept;
    ByteStream& operator=(ByteStream&&) noexcept;
    ByteStream(const ByteStream&) = delete;
    ByteStream& operator=(const ByteStream&) = delete;

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
    struct Decoder;
    Result<std::size_t> some(std::span<std::uint8_t> out);
    Result<const std::uint8_t*> fill(std::size_t bytes, const char* what);

    std::unique_ptr<Decoder> decoder_;
    std::vector<std::uint8_t> buffer_;
    std::size_t begin_ = 0; ///< of what was read and not taken
    std::size_t end_ = 0;
};

} // namespace nlb::capture
