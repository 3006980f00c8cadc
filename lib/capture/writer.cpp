// SPDX-License-Identifier: Apache-2.0
#include "capture/writer.hpp"

#include "capture/link.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace nlb::capture {

namespace {

constexpr std::uint32_t kSnapLength = 256 * 1024;
constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::uint16_t kOptionComment = 1;
constexpr std::uint16_t kOptionTimeResolution = 9;
constexpr std::size_t kLongestOption = 65'535;

std::uint32_t low(std::uint64_t value) {
    return static_cast<std::uint32_t>(value);
}

/// Two 16-bit fields, one after the other.
constexpr std::uint32_t pair(std::uint32_t first, std::uint32_t second) {
    return first | (second << 16U);
}

void append(std::initializer_list<std::uint32_t> words, std::string& out) {
    std::array<char, 64> bytes{};
    std::size_t at = 0;
    for (const std::uint32_t word : words) {
        for (unsigned shift = 0; shift < 32; shift += 8)
            bytes[at++] = static_cast<char>((word >> shift) & 0xffU);
    }
    out.append(bytes.data(), at);
}

void append(std::span<const std::uint8_t> bytes, std::string& out) {
    out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

std::size_t padded(std::size_t length) {
    return (length + 3) / 4 * 4;
}

} // namespace

Writer::Writer(WriterFormat format) : format_(format) {
    if (format == WriterFormat::Pcap)
        begin_pcap();
    else
        begin_pcapng();
}

void Writer::begin_pcap() {
    append({0xa1b23c4d, pair(2, 4), 0, 0, kSnapLength, kLinkEthernet}, bytes_);
}

/// A section of unknown length and its one interface.
void Writer::begin_pcapng() {
    append({0x0a0d0d0a, 28, 0x1a2b3c4d, pair(1, 0), 0xffffffff, 0xffffffff, 28}, bytes_);
    append({1, 32, kLinkEthernet, kSnapLength, pair(kOptionTimeResolution, 1), 9, 0, 32}, bytes_);
}

void Writer::put(Nanos time, std::span<const std::uint8_t> frame, std::string_view comment) {
    const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(time.ns, 0));
    if (format_ == WriterFormat::Pcapng) {
        put_pcapng(ns, frame, comment);
        return;
    }
    const auto kept = std::min<std::size_t>(frame.size(), kSnapLength);
    append({low(ns / kSecond), low(ns % kSecond), low(kept), low(frame.size())}, bytes_);
    append(frame.first(kept), bytes_);
}

void Writer::put_pcapng(std::uint64_t ns, std::span<const std::uint8_t> frame,
                        std::string_view comment) {
    const auto kept = std::min<std::size_t>(frame.size(), kSnapLength);
    comment = comment.substr(0, kLongestOption);
    const std::size_t options = comment.empty() ? 0 : 4 + padded(comment.size()) + 4;
    const std::uint32_t length = low(32 + padded(kept) + options);
    append({6, length, 0, low(ns >> 32U), low(ns), low(kept), low(frame.size())}, bytes_);
    append(frame.first(kept), bytes_);
    bytes_.append(padded(kept) - kept, '\0');
    if (!comment.empty()) {
        append({pair(kOptionComment, low(comment.size()))}, bytes_);
        bytes_.append(comment);
        bytes_.append(padded(comment.size()) - comment.size() + 4, '\0');
    }
    append({length}, bytes_);
}

} // namespace nlb::capture
