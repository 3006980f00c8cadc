// SPDX-License-Identifier: Apache-2.0
#include "support/packet_builder.hpp"

#include <algorithm>

namespace nlb::test {

namespace {

std::uint8_t flag_bits(std::string_view letters) {
    std::uint8_t bits = 0;
    for (const char letter : letters)
        bits |= static_cast<std::uint8_t>(1U << std::string_view("FSRPA").find(letter));
    return bits;
}

} // namespace

PacketBuilder& PacketBuilder::vlan(std::uint16_t id, std::uint16_t type) {
    tags_.emplace_back(type, id);
    return *this;
}

PacketBuilder& PacketBuilder::from(std::string_view address, std::uint16_t port) {
    source_ = address;
    source_port_ = port;
    return *this;
}

PacketBuilder& PacketBuilder::to(std::string_view address, std::uint16_t port) {
    destination_ = address;
    destination_port_ = port;
    return *this;
}

PacketBuilder& PacketBuilder::flags(std::string_view letters) {
    return set(flags_, std::string(letters));
}

PacketBuilder& PacketBuilder::extension(std::uint8_t type, std::size_t bytes, std::uint8_t fourth) {
    Frame rest(bytes - 1);
    rest[0] = static_cast<std::uint8_t>(bytes / 8 - 1);
    rest[2] = fourth;
    extensions_.push_back({type, rest});
    return *this;
}

PacketBuilder& PacketBuilder::routing(std::uint8_t segments_left, std::size_t bytes) {
    return extension(43, bytes, segments_left);
}

PacketBuilder& PacketBuilder::fragment_header(std::uint16_t at, bool more, std::uint32_t id) {
    Frame rest{0};
    put16(rest, static_cast<std::uint32_t>(at << 3U) | (more ? 1U : 0U));
    put32(rest, id);
    extensions_.push_back({44, rest});
    return *this;
}

PacketBuilder& PacketBuilder::icmp(std::uint8_t type, std::uint8_t code, std::uint32_t rest) {
    kind_ = Kind::Icmp;
    icmp_type_ = type;
    icmp_code_ = code;
    icmp_rest_ = rest;
    return *this;
}

PacketBuilder& PacketBuilder::quoting(const PacketBuilder& packet, std::size_t bytes) {
    Frame quoted = packet.packet();
    if (quoted.size() > bytes) quoted.resize(bytes);
    payload_.assign(quoted.begin(), quoted.end());
    quoted_scapy_ = "Raw(bytes(" + packet.scapy_ip() + ")[:" + std::to_string(quoted.size()) + "])";
    return *this;
}

PacketBuilder& PacketBuilder::raw(std::string_view bytes) {
    raw_ = true;
    return payload(bytes);
}

std::uint8_t PacketBuilder::real_protocol() const {
    if (kind_ == Kind::Tcp) return 6;
    if (kind_ == Kind::Udp) return 17;
    return is_v6() ? 58 : 1;
}

Frame PacketBuilder::tcp() const {
    Frame out;
    put16(out, source_port_);
    put16(out, destination_port_);
    put32(out, sequence_);
    put32(out, acknowledgment_);
    const std::size_t words =
        data_offset_ >= 0 ? static_cast<std::size_t>(data_offset_) : 5 + tcp_options_ / 4;
    out.push_back(static_cast<std::uint8_t>(words << 4U));
    out.push_back(flag_bits(flags_));
    put16(out, window_);
    put32(out, 0);
    out.insert(out.end(), tcp_options_, 1);
    return out;
}

Frame PacketBuilder::transport() const {
    Frame out;
    if (!raw_ && kind_ == Kind::Tcp) out = tcp();
    if (!raw_ && kind_ == Kind::Udp) {
        put16(out, source_port_);
        put16(out, destination_port_);
        put16(out, static_cast<std::uint32_t>(8 + payload_.size()));
        put16(out, 0);
    }
    if (!raw_ && kind_ == Kind::Icmp) {
        out = {icmp_type_, icmp_code_, 0, 0};
        put32(out, icmp_rest_);
    }
    out.insert(out.end(), payload_.begin(), payload_.end());
    if (!raw_ && protocol_ < 0) fill_checksum(out);
    return out;
}

void PacketBuilder::fill_checksum(Frame& inner) const {
    Frame addresses = address_bytes(source_);
    append(addresses, address_bytes(destination_));
    const bool has_pseudo = kind_ != Kind::Icmp || is_v6();
    const std::uint32_t pseudo =
        has_pseudo ? pseudo_sum(addresses, real_protocol(), inner.size()) : 0;
    const std::uint16_t checksum = internet_checksum(inner, pseudo);
    if (kind_ == Kind::Tcp) set16(inner, 16, checksum);
    if (kind_ == Kind::Icmp) set16(inner, 2, checksum);
    if (kind_ == Kind::Udp && has_checksum_) // 0 means none [RFC 768]
        set16(inner, 6, checksum == 0 ? 0xffff : checksum);
}

Frame PacketBuilder::ipv4_header(std::size_t inner) const {
    Frame out;
    const std::size_t header = 20 + ip_options_;
    out.push_back(static_cast<std::uint8_t>(version_ihl_ >= 0 ? static_cast<unsigned>(version_ihl_)
                                                              : 0x40U | (header / 4)));
    out.push_back(class_);
    put16(out, total_length_ >= 0 ? static_cast<std::uint32_t>(total_length_)
                                  : static_cast<std::uint32_t>(header + inner));
    put16(out, id_);
    put16(out, fragment_);
    out.push_back(ttl_);
    out.push_back(protocol_ >= 0 ? static_cast<std::uint8_t>(protocol_) : real_protocol());
    put16(out, 0);
    append(out, address_bytes(source_));
    append(out, address_bytes(destination_));
    out.insert(out.end(), ip_options_, 1);
    set16(out, 10, internet_checksum(out));
    return out;
}

Frame PacketBuilder::ipv6_header(std::size_t inner) const {
    Frame out;
    const std::uint8_t last =
        protocol_ >= 0 ? static_cast<std::uint8_t>(protocol_) : real_protocol();
    std::size_t length = inner;
    for (const Extension& extension : extensions_)
        length += extension.bytes.size() + 1;
    put32(out, 0x60000000U | static_cast<std::uint32_t>(class_ << 20U) | label_);
    if (version_ihl_ >= 0) out[0] = static_cast<std::uint8_t>(version_ihl_);
    put16(out, total_length_ >= 0 ? static_cast<std::uint32_t>(total_length_)
                                  : static_cast<std::uint32_t>(length));
    out.push_back(extensions_.empty() ? last : extensions_[0].type);
    out.push_back(ttl_);
    append(out, address_bytes(source_));
    append(out, address_bytes(destination_));
    for (std::size_t i = 0; i < extensions_.size(); ++i) {
        out.push_back(i + 1 < extensions_.size() ? extensions_[i + 1].type : last);
        append(out, extensions_[i].bytes);
    }
    return out;
}

Frame PacketBuilder::packet() const {
    const Frame inner = transport();
    Frame out = is_v6() ? ipv6_header(inner.size()) : ipv4_header(inner.size());
    append(out, inner);
    return out;
}

Frame PacketBuilder::build() const {
    Frame out{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
    if (turned_) std::rotate(out.begin(), out.begin() + 6, out.end());
    for (const auto& [type, id] : tags_) {
        put16(out, type);
        put16(out, id);
    }
    put16(out,
          ethertype_ >= 0 ? static_cast<std::uint32_t>(ethertype_) : (is_v6() ? 0x86ddU : 0x0800U));
    append(out, packet());
    if (out.size() < padded_) out.resize(padded_);
    if (out.size() > cut_) out.resize(cut_);
    return out;
}

} // namespace nlb::test
