// SPDX-License-Identifier: Apache-2.0
// Bytes decompressed on the way: gzip (RFC 1952) and zstd (RFC 8878), recognised by their first
// bytes, any number of members and frames of both one after the other; anything else is plain.
// Checksums are checked. Memory is bounded whatever the input says.
#pragma once

#include "compress/source.hpp"

#include <memory>

namespace nlb::compress {

/// Whether the first bytes of a file are those of gzip or zstd; four are enough.
bool begins_compressed(std::span<const std::uint8_t> bytes);

class Reader {
  public:
    explicit Reader(ByteSource source);
    ~Reader();
    Reader(Reader&&) noexcept;
    Reader& operator=(Reader&&) noexcept;
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    /// Fills a part of `out`, which is not empty, and says how much; 0 at the end. Errors: Data,
    /// when compressed data is damaged, ends too early or is followed by something else; those of
    /// the source. What could be decompressed before has been returned then.
    Result<std::size_t> read(std::span<std::uint8_t> out);

    /// Bytes taken from the source so far, for progress.
    [[nodiscard]] std::uint64_t taken() const;

  private:
    class Decoder;
    std::unique_ptr<Decoder> decoder_;
};

} // namespace nlb::compress
