// SPDX-License-Identifier: Apache-2.0
// Bytes of packets for tests: numbers in network order, addresses, the Internet checksum. Shares no
// code with the library, whose arithmetic it judges.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nlb::test {

using Frame = std::vector<std::uint8_t>;
using Bytes = std::span<const std::uint8_t>;

void put16(Frame& out, std::uint32_t value);
void put32(Frame& out, std::uint32_t value);
void set16(Frame& out, std::size_t at, std::uint16_t value);
void append(Frame& out, Bytes bytes);

/// The 16-bit number at `at`; a byte that is missing at the end counts as 0.
std::uint32_t word(Bytes bytes, std::size_t at);

/// Four bytes, or sixteen when the text has a colon.
Frame address_bytes(std::string_view text);

/// The checksum that makes the ones' complement sum of `bytes` and `start` right [RFC 1071].
std::uint16_t internet_checksum(Bytes bytes, std::uint32_t start = 0);

/// Sum of the pseudo-header of TCP, UDP [RFC 9293 3.1] and all of IPv6 [RFC 8200 8.1].
/// `addresses`: source and destination, one behind the other.
std::uint32_t pseudo_sum(Bytes addresses, std::uint8_t protocol, std::size_t length);

/// "" when every checksum of the frame that can be computed is right, otherwise which one is not:
/// IPv4 header, TCP, UDP (0 is none), ICMP, and the IPv4 header that an ICMP error quotes. Only the
/// IPv4 header's of fragments and of frames that end early; nothing of what is no IP.
std::string checksum_complaint(Bytes frame);

/// Two digits a byte, sixteen bytes a line.
std::string hex_dump(const Frame& frame);

} // namespace nlb::test
