// SPDX-License-Identifier: Apache-2.0
// Bytes compressed on the way: one gzip member (ISA-L) or one zstd frame.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace nlb::compress {

enum class Method : std::uint8_t { None, Gzip, Zstd };

/// What follows a file name: "", ".gz" or ".zst".
std::string_view suffix(Method method);

class Writer {
  public:
    explicit Writer(Method method);
    ~Writer();
    Writer(Writer&&) noexcept;
    Writer& operator=(Writer&&) noexcept;
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// Appends to `out` what the bytes came to so far.
    void write(std::string_view bytes, std::string& out);

    /// Appends the rest, with the checksum. Nothing may be written afterwards.
    void finish(std::string& out);

  private:
    struct Encoder;
    std::unique_ptr<Encoder> encoder_;
};

/// CRC-32 of gzip (RFC 1952 8.): tells a write that was cut off, not an attacker.
std::uint32_t crc32(std::string_view bytes);

} // namespace nlb::compress
