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

    /// Fills all of `out` and returns true; false when the input ended before its first byte.
    /// Errors: Data, when the input ends in the middle of `what` or is damaged; those of the
    /// source.
    Result<bool> read(std::span<std::uint8_t> out, const char* what);

    /// Reads and forgets `bytes`. Errors: as read.
    Result<void> skip(std::uint64_t bytes, const char* what);

  private:
    struct Decoder;
    Result<std::size_t> some(std::span<std::uint8_t> out);

    std::unique_ptr<Decoder> decoder_;
};

} // namespace nlb::capture
