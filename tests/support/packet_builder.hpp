// SPDX-License-Identifier: Apache-2.0
// Ethernet frames for tests, field by field; right by default (lengths, checksums), wrong only
// where a test says so. scapy() prints the same packet for somebody who wants to look at it
// elsewhere.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nlb::test {

using Frame = std::vector<std::uint8_t>;

class PacketBuilder {
  public:
    PacketBuilder& vlan(std::uint16_t id, std::uint16_t type = 0x8100);
    PacketBuilder& ethertype(std::uint16_t type);
    PacketBuilder& from(std::string_view address, std::uint16_t port);
    PacketBuilder& to(std::string_view address, std::uint16_t port);
    PacketBuilder& source_port(std::uint16_t port);
    PacketBuilder& id(std::uint16_t number);
    PacketBuilder& window(std::uint16_t size);
    PacketBuilder& turned(); ///< the link addresses of a frame that goes back
    PacketBuilder& protocol(std::uint8_t number);
    PacketBuilder& ttl(std::uint8_t hops);
    PacketBuilder& ip_options(std::size_t bytes);            ///< no-operations; multiple of 4
    PacketBuilder& fragment(std::uint16_t flags_and_offset); ///< host order, 0x2000: more fragments
    PacketBuilder& total_length(std::uint16_t bytes);
    PacketBuilder& version_ihl(std::uint8_t value);
    PacketBuilder& flags(std::string_view letters); ///< of "FSRPA"
    PacketBuilder& sequence(std::uint32_t number);
    PacketBuilder& acknowledgment(std::uint32_t number);
    PacketBuilder& tcp_options(std::size_t bytes); ///< no-operations; multiple of 4
    PacketBuilder& data_offset(std::uint8_t words);
    PacketBuilder& payload(std::string_view bytes);
    PacketBuilder& cut(std::size_t bytes);    ///< the frame ends after so many bytes
    PacketBuilder& padded(std::size_t bytes); ///< the frame is filled up with zeroes to this length

    [[nodiscard]] Frame build() const;
    [[nodiscard]] std::string scapy() const;

  private:
    [[nodiscard]] Frame tcp() const;
    [[nodiscard]] Frame ipv4(const Frame& inner) const;

    std::vector<std::pair<std::uint16_t, std::uint16_t>> tags_; // type, id
    std::uint16_t ethertype_ = 0x0800;
    std::string source_ = "192.0.2.1";
    std::string destination_ = "198.51.100.1";
    std::uint16_t source_port_ = 40000;
    std::uint16_t destination_port_ = 80;
    bool turned_ = false;
    std::uint16_t id_ = 0x1234;
    std::uint16_t window_ = 64240;
    std::uint8_t protocol_ = 6;
    std::uint8_t ttl_ = 64;
    std::size_t ip_options_ = 0;
    std::uint16_t fragment_ = 0x4000;
    int total_length_ = -1;
    int version_ihl_ = -1;
    std::string flags_ = "S";
    std::uint32_t sequence_ = 1000;
    std::uint32_t acknowledgment_ = 0;
    std::size_t tcp_options_ = 0;
    int data_offset_ = -1;
    std::string payload_;
    std::size_t cut_ = SIZE_MAX;
    std::size_t padded_ = 0;
};

/// The checksum that makes the ones' complement sum of `bytes` and `start` right [RFC 1071].
std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes, std::uint32_t start = 0);

/// "" when the IPv4 and TCP checksums of the frame are right, otherwise which one is not. Frames
/// without tags and without padding inside the IPv4 length.
std::string checksum_complaint(const Frame& frame);

/// Two digits a byte, sixteen bytes a line.
std::string hex_dump(const Frame& frame);

} // namespace nlb::test
