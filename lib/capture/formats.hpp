// SPDX-License-Identifier: Apache-2.0
// The two capture formats, for reader.cpp.
#pragma once

#include "capture/reader.hpp"

#include <array>
#include <vector>

namespace nlb::capture {

/// Numbers in the byte order of the file.
class ByteOrder {
  public:
    explicit ByteOrder(bool big_endian = false) : big_(big_endian) {}

    [[nodiscard]] std::uint16_t u16(const std::uint8_t* p) const {
        return static_cast<std::uint16_t>(number<2>(p));
    }

    [[nodiscard]] std::uint32_t u32(const std::uint8_t* p) const {
        return static_cast<std::uint32_t>(number<4>(p));
    }

    [[nodiscard]] std::uint64_t u64(const std::uint8_t* p) const { return number<8>(p); }

  private:
    template <unsigned kBytes>
    [[nodiscard]] std::uint64_t number(const std::uint8_t* p) const {
        std::uint64_t big = 0;
        std::uint64_t little = 0;
        for (unsigned i = 0; i < kBytes; ++i) {
            big = (big << 8U) | p[i];
            little |= std::uint64_t{p[i]} << (8 * i);
        }
        return big_ ? big : little;
    }

    bool big_;
};

using Magic = std::array<std::uint8_t, 4>;

/// The format that begins with `magic`, already read from `in`; reads the rest of its file header.
/// Nothing when the magic is another format's. Errors: Data.
Result<std::unique_ptr<Format>> open_pcap(const Magic& magic, ByteStream& in);
Result<std::unique_ptr<Format>> open_pcapng(const Magic& magic, ByteStream& in);

/// Reads `captured` bytes of packet data. Errors: Data, when that is more than kLongestPacket.
Result<void> read_packet_bytes(ByteStream& in, std::uint32_t captured, Packet& packet);

} // namespace nlb::capture
