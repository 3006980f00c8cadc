// SPDX-License-Identifier: Apache-2.0
// Reads capture files packet by packet: pcap (microseconds and nanoseconds, either byte order) and
// pcapng (any number of sections and interfaces, each with its link type and time resolution),
// plain or compressed. Which it is, the content says. Memory does not grow with the file. libpcap
// does not read them: it refuses compressed files and pcapng with several link types.
// [draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng]
#pragma once

#include "capture/byte_stream.hpp"

#include "base/time.hpp"

#include <cstdint>
#include <memory>
#include <span>

namespace nlb::capture {

/// More captured bytes in one record than any writer makes; a larger number is damage.
constexpr std::uint32_t kLongestPacket = ByteStream::kMostAtOnce;

struct Packet {
    std::uint64_t number = 0; ///< from 1, over the whole file
    Nanos time;               ///< since 1970-01-01 UTC
    std::uint16_t link_type = 0;
    std::uint32_t original_length = 0; ///< bytes on the wire; the capture may have kept fewer
    std::span<const std::uint8_t> bytes;
};

/// One format's reader; made by Reader.
class Format {
  public:
    Format() = default;
    virtual ~Format() = default;
    Format(const Format&) = delete;
    Format& operator=(const Format&) = delete;
    /// Fills `packet` except its number; false at the end.
    virtual Result<bool> next(ByteStream& in, Packet& packet) = 0;
};

class Reader {
  public:
    /// Reads the file's first bytes. Errors: Data, when it is no capture; those of the source.
    static Result<Reader> open(compress::ByteSource source);

    /// The next packet, or nothing at the end; its memory is valid until the next call.
    /// Errors: Data, with the number of the packet it happened at; nothing can be read after it.
    Result<const Packet*> next();

  private:
    Reader(ByteStream in, std::unique_ptr<Format> format)
        : in_(std::move(in)), format_(std::move(format)) {}

    ByteStream in_;
    std::unique_ptr<Format> format_;
    Packet packet_;
};

} // namespace nlb::capture
