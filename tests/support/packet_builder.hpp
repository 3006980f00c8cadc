// SPDX-License-Identifier: Apache-2.0
// Ethernet frames for tests, field by field; right by default (lengths, checksums), wrong only
// where a test says so. IPv6 when the source address has a colon. scapy() prints the same packet
// for somebody who wants to look at it elsewhere.
#pragma once

#include "support/packet_bytes.hpp"

#include <utility>

namespace nlb::test {

class PacketBuilder {
  public:
    // Link and IP.
    PacketBuilder& vlan(std::uint16_t id, std::uint16_t type = 0x8100);

    PacketBuilder& ethertype(std::uint16_t type) { return set(ethertype_, type); }

    PacketBuilder& turned() { return set(turned_, true); } ///< link addresses the other way round

    PacketBuilder& from(std::string_view address, std::uint16_t port = 0);
    PacketBuilder& to(std::string_view address, std::uint16_t port = 0);

    PacketBuilder& source_port(std::uint16_t port) { return set(source_port_, port); }

    PacketBuilder& id(std::uint16_t number) { return set(id_, number); }

    PacketBuilder& traffic_class(std::uint8_t bits) { return set(class_, bits); } ///< or TOS

    PacketBuilder& flow_label(std::uint32_t bits) { return set(label_, bits); }

    PacketBuilder& ttl(std::uint8_t hops) { return set(ttl_, hops); } ///< or hop limit

    PacketBuilder& protocol(std::uint8_t number) { return set(protocol_, number); } ///< a lie

    PacketBuilder& version_ihl(std::uint8_t value) { return set(version_ihl_, value); }

    /// The IP header's word: of IPv6 it counts the payload only.
    PacketBuilder& total_length(std::uint16_t bytes) { return set(total_length_, bytes); }

    PacketBuilder& ip_options(std::size_t bytes) { return set(ip_options_, bytes); } ///< NOPs

    /// Of IPv4, host order; 0x4000: may not be split, 0x2000: more fragments.
    PacketBuilder& fragment(std::uint16_t bits) { return set(fragment_, bits); }

    // Extension headers of IPv6, in the order of the calls; `bytes`: all of it, a multiple of 8.
    PacketBuilder& hop_by_hop(std::size_t bytes = 8) { return extension(0, bytes, 0); }

    PacketBuilder& destination_options(std::size_t bytes = 8) { return extension(60, bytes, 0); }

    PacketBuilder& routing(std::uint8_t segments_left, std::size_t bytes = 8);
    /// `at`: offset in units of 8 bytes.
    PacketBuilder& fragment_header(std::uint16_t at, bool more, std::uint32_t id);

    // Transport: TCP unless said otherwise.
    PacketBuilder& flags(std::string_view letters); ///< of "FSRPA"

    PacketBuilder& sequence(std::uint32_t number) { return set(sequence_, number); }

    PacketBuilder& acknowledgment(std::uint32_t number) { return set(acknowledgment_, number); }

    PacketBuilder& window(std::uint16_t size) { return set(window_, size); }

    PacketBuilder& tcp_options(std::size_t bytes) { return set(tcp_options_, bytes); } ///< NOPs

    PacketBuilder& data_offset(std::uint8_t words) { return set(data_offset_, words); }

    PacketBuilder& udp() { return set(kind_, Kind::Udp); }

    PacketBuilder& no_checksum() { return set(has_checksum_, false); } ///< of UDP: 0

    /// ICMP or ICMPv6; `rest`: the second half of the header.
    PacketBuilder& icmp(std::uint8_t type, std::uint8_t code, std::uint32_t rest = 0);
    /// The first bytes of that packet, from its IP header on, are the payload.
    PacketBuilder& quoting(const PacketBuilder& packet, std::size_t bytes = SIZE_MAX);

    PacketBuilder& payload(std::string_view bytes) { return set(payload_, std::string(bytes)); }

    /// No transport header: the payload is all there is, as in a later fragment.
    PacketBuilder& raw(std::string_view bytes);

    // The frame.
    PacketBuilder& cut(std::size_t bytes) { return set(cut_, bytes); } ///< ends after so many bytes

    PacketBuilder& padded(std::size_t bytes) { return set(padded_, bytes); } ///< with zeroes

    [[nodiscard]] Frame build() const;
    [[nodiscard]] std::string scapy() const;

    [[nodiscard]] std::uint8_t hops() const { return ttl_; }

    [[nodiscard]] bool is_v6() const { return source_.find(':') != std::string::npos; }

  private:
    enum class Kind : std::uint8_t { Tcp, Udp, Icmp };

    struct Extension {
        std::uint8_t type;
        Frame bytes; ///< from the second byte on
    };

    template <class Field, class Value>
    PacketBuilder& set(Field& field, Value value) {
        field = static_cast<Field>(std::move(value));
        return *this;
    }

    PacketBuilder& extension(std::uint8_t type, std::size_t bytes, std::uint8_t fourth);
    [[nodiscard]] std::uint8_t real_protocol() const;
    [[nodiscard]] Frame packet() const; ///< from the IP header on
    [[nodiscard]] Frame transport() const;
    [[nodiscard]] Frame tcp() const;
    [[nodiscard]] Frame ipv4_header(std::size_t inner) const;
    [[nodiscard]] Frame ipv6_header(std::size_t inner) const;
    void fill_checksum(Frame& inner) const;
    [[nodiscard]] std::string scapy_ip() const;
    [[nodiscard]] std::string scapy_transport() const;

    std::vector<std::pair<std::uint16_t, std::uint16_t>> tags_; // type, id
    int ethertype_ = -1;
    bool turned_ = false;
    std::string source_ = "192.0.2.1";
    std::string destination_ = "198.51.100.1";
    std::uint16_t source_port_ = 40000;
    std::uint16_t destination_port_ = 80;
    std::uint16_t id_ = 0x1234;
    std::uint8_t class_ = 0;
    std::uint32_t label_ = 0;
    std::uint8_t ttl_ = 64;
    int protocol_ = -1;
    int version_ihl_ = -1;
    int total_length_ = -1;
    std::size_t ip_options_ = 0;
    std::uint16_t fragment_ = 0x4000;
    std::vector<Extension> extensions_;
    Kind kind_ = Kind::Tcp;
    std::string flags_ = "S";
    std::uint32_t sequence_ = 1000;
    std::uint32_t acknowledgment_ = 0;
    std::uint16_t window_ = 64240;
    std::size_t tcp_options_ = 0;
    int data_offset_ = -1;
    bool has_checksum_ = true;
    std::uint8_t icmp_type_ = 0;
    std::uint8_t icmp_code_ = 0;
    std::uint32_t icmp_rest_ = 0;
    std::string quoted_scapy_;
    bool raw_ = false;
    std::string payload_;
    std::size_t cut_ = SIZE_MAX;
    std::size_t padded_ = 0;
};

} // namespace nlb::test
