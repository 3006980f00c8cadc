// SPDX-License-Identifier: Apache-2.0
// Writes pcap: Ethernet, nanoseconds, little-endian on every machine, so that the same packets are
// the same bytes. Bytes are collected; the caller writes what drain() gives.
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace nlb::capture {

class Writer {
  public:
    Writer();

    /// `time` since 1970-01-01 UTC, before 2106. A frame longer than the format's 256 KiB is cut.
    void put(Nanos time, std::span<const std::uint8_t> frame);

    [[nodiscard]] std::size_t pending() const { return bytes_.size(); }

    std::string drain() { return std::exchange(bytes_, {}); }

  private:
    void u16(std::uint32_t value);
    void u32(std::uint32_t value);

    std::string bytes_;
};

} // namespace nlb::capture
