// SPDX-License-Identifier: Apache-2.0
#include "proxy/saved_syn.hpp"

#include <cstddef>

namespace nlb::proxy {

namespace {

constexpr std::uint8_t kTcp = 6;

/// Where the TCP header starts; 0 when there is none. [RFC 791 §3.1]
std::size_t after_ipv4(std::span<const std::uint8_t> bytes) {
    if (bytes.size() < 20 || bytes[9] != kTcp) return 0;
    const std::size_t length = std::size_t{bytes[0] & 0x0fU} * 4;
    return length >= 20 ? length : 0;
}

/// Hop-by-hop, routing and destination options may stand before TCP. [RFC 8200 §4]
std::size_t after_ipv6(std::span<const std::uint8_t> bytes) {
    if (bytes.size() < 40) return 0;
    std::uint8_t next = bytes[6];
    std::size_t at = 40;
    for (int headers = 0; headers < 8 && next != kTcp; ++headers) {
        const bool is_option = next == 0 || next == 43 || next == 60;
        if (!is_option || at + 2 > bytes.size()) return 0;
        next = bytes[at];
        at += (std::size_t{bytes[at + 1]} + 1) * 8;
    }
    return next == kTcp ? at : 0;
}

} // namespace

std::optional<std::uint32_t> syn_sequence(std::span<const std::uint8_t> headers) {
    if (headers.empty()) return std::nullopt;
    const unsigned version = headers[0] >> 4U;
    std::size_t at = 0;
    if (version == 4) at = after_ipv4(headers);
    if (version == 6) at = after_ipv6(headers);
    if (at == 0 || headers.size() < at + 20) return std::nullopt;
    const auto sequence = headers.subspan(at + 4, 4); // [RFC 9293 §3.1]
    return std::uint32_t{sequence[0]} << 24U | std::uint32_t{sequence[1]} << 16U |
           std::uint32_t{sequence[2]} << 8U | std::uint32_t{sequence[3]};
}

} // namespace nlb::proxy
