// SPDX-License-Identifier: Apache-2.0
// Writes pcap or pcapng: one Ethernet interface, nanoseconds, little-endian on every machine, so
// that the same packets are the same bytes. Bytes are collected; the caller writes them.
// [draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng]
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace nlb::capture {

enum class WriterFormat : std::uint8_t { Pcap, Pcapng };

class Writer {
  public:
    explicit Writer(WriterFormat format = WriterFormat::Pcap);

    [[nodiscard]] WriterFormat format() const { return format_; }

    /// `time` since 1970-01-01 UTC; pcap ends in 2106. A frame longer than 256 KiB is cut. pcapng
    /// keeps the first 65,535 bytes of `comment` (UTF-8) with the packet; pcap has no place for it.
    void put(Nanos time, std::span<const std::uint8_t> frame, std::string_view comment = {});

    [[nodiscard]] std::size_t pending() const { return bytes_.size(); }

    [[nodiscard]] std::string_view bytes() const { return bytes_; }

    /// The bytes were written.
    void clear() { bytes_.clear(); }

    std::string drain() { return std::exchange(bytes_, {}); }

  private:
    void begin_pcap();
    void begin_pcapng();
    void put_pcapng(std::uint64_t ns, std::span<const std::uint8_t> frame,
                    std::string_view comment);

    WriterFormat format_;
    std::string bytes_;
};

} // namespace nlb::capture
