// SPDX-License-Identifier: Apache-2.0
#include "capture/writer.hpp"

#include "capture/link.hpp"

#include <algorithm>

namespace nlb::capture {

namespace {

constexpr std::uint32_t kSnapLength = 256 * 1024;

} // namespace

Writer::Writer() {
    u32(0xa1b23c4d);
    u16(2); // version 2.4
    u16(4);
    u32(0);
    u32(0);
    u32(kSnapLength);
    u32(kLinkEthernet);
}

void Writer::put(Nanos time, std::span<const std::uint8_t> frame) {
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(time.ns, 0));
    const auto kept = std::min<std::size_t>(frame.size(), kSnapLength);
    u32(static_cast<std::uint32_t>(ns / 1'000'000'000));
    u32(static_cast<std::uint32_t>(ns % 1'000'000'000));
    u32(static_cast<std::uint32_t>(kept));
    u32(static_cast<std::uint32_t>(frame.size()));
    bytes_.append(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(kept));
}

void Writer::u16(std::uint32_t value) {
    bytes_.push_back(static_cast<char>(value & 0xffU));
    bytes_.push_back(static_cast<char>((value >> 8U) & 0xffU));
}

void Writer::u32(std::uint32_t value) {
    u16(value & 0xffffU);
    u16(value >> 16U);
}

} // namespace nlb::capture
