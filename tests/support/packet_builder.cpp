// SPDX-License-Identifier: Apache-2.0
#include "support/packet_builder.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace nlb::test {

namespace {

void put16(Frame& out, std::uint32_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8U));
    out.push_back(static_cast<std::uint8_t>(value));
}

void put32(Frame& out, std::uint32_t value) {
    put16(out, value >> 16U);
    put16(out, value & 0xffffU);
}

void set16(Frame& out, std::size_t at, std::uint16_t value) {
    out[at] = static_cast<std::uint8_t>(value >> 8U);
    out[at + 1] = static_cast<std::uint8_t>(value);
}

void put_address(Frame& out, std::string_view text) {
    for (int i = 0; i < 4; ++i) {
        unsigned byte = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), byte);
        out.push_back(static_cast<std::uint8_t>(byte));
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        if (!text.empty()) text.remove_prefix(1);
    }
}

std::uint8_t flag_bits(std::string_view letters) {
    std::uint8_t bits = 0;
    for (const char letter : letters)
        bits |= static_cast<std::uint8_t>(1U << std::string_view("FSRPA").find(letter));
    return bits;
}

std::uint32_t word(std::span<const std::uint8_t> bytes, std::size_t at) {
    return static_cast<std::uint32_t>(bytes[at] << 8U) |
           (at + 1 < bytes.size() ? bytes[at + 1] : 0U);
}

/// Sum of the pseudo-header [RFC 9293 §3.1].
std::uint32_t pseudo_sum(std::span<const std::uint8_t> addresses, std::size_t length) {
    std::uint32_t sum = 6 + static_cast<std::uint32_t>(length);
    for (std::size_t i = 0; i < 8; i += 2)
        sum += word(addresses, i);
    return sum;
}

} // namespace

std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes, std::uint32_t start) {
    std::uint64_t sum = start;
    for (std::size_t i = 0; i < bytes.size(); i += 2)
        sum += word(bytes, i);
    while (sum > 0xffffU)
        sum = (sum & 0xffffU) + (sum >> 16U);
    return static_cast<std::uint16_t>(~sum);
}

PacketBuilder& PacketBuilder::vlan(std::uint16_t id, std::uint16_t type) {
    tags_.emplace_back(type, id);
    return *this;
}

PacketBuilder& PacketBuilder::ethertype(std::uint16_t type) {
    ethertype_ = type;
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

PacketBuilder& PacketBuilder::source_port(std::uint16_t port) {
    source_port_ = port;
    return *this;
}

PacketBuilder& PacketBuilder::id(std::uint16_t number) {
    id_ = number;
    return *this;
}

PacketBuilder& PacketBuilder::window(std::uint16_t size) {
    window_ = size;
    return *this;
}

PacketBuilder& PacketBuilder::turned() {
    turned_ = true;
    return *this;
}

PacketBuilder& PacketBuilder::protocol(std::uint8_t number) {
    protocol_ = number;
    return *this;
}

PacketBuilder& PacketBuilder::ttl(std::uint8_t hops) {
    ttl_ = hops;
    return *this;
}

PacketBuilder& PacketBuilder::ip_options(std::size_t bytes) {
    ip_options_ = bytes;
    return *this;
}

PacketBuilder& PacketBuilder::fragment(std::uint16_t flags_and_offset) {
    fragment_ = flags_and_offset;
    return *this;
}

PacketBuilder& PacketBuilder::total_length(std::uint16_t bytes) {
    total_length_ = bytes;
    return *this;
}

PacketBuilder& PacketBuilder::version_ihl(std::uint8_t value) {
    version_ihl_ = value;
    return *this;
}

PacketBuilder& PacketBuilder::flags(std::string_view letters) {
    flags_ = letters;
    return *this;
}

PacketBuilder& PacketBuilder::sequence(std::uint32_t number) {
    sequence_ = number;
    return *this;
}

PacketBuilder& PacketBuilder::acknowledgment(std::uint32_t number) {
    acknowledgment_ = number;
    return *this;
}

PacketBuilder& PacketBuilder::tcp_options(std::size_t bytes) {
    tcp_options_ = bytes;
    return *this;
}

PacketBuilder& PacketBuilder::data_offset(std::uint8_t words) {
    data_offset_ = words;
    return *this;
}

PacketBuilder& PacketBuilder::payload(std::string_view bytes) {
    payload_ = bytes;
    return *this;
}

PacketBuilder& PacketBuilder::cut(std::size_t bytes) {
    cut_ = bytes;
    return *this;
}

PacketBuilder& PacketBuilder::padded(std::size_t bytes) {
    padded_ = bytes;
    return *this;
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
    out.insert(out.end(), payload_.begin(), payload_.end());
    return out;
}

Frame PacketBuilder::ipv4(const Frame& inner) const {
    Frame out;
    const std::size_t header = 20 + ip_options_;
    out.push_back(static_cast<std::uint8_t>(version_ihl_ >= 0 ? static_cast<unsigned>(version_ihl_)
                                                              : 0x40U | (header / 4)));
    out.push_back(0);
    put16(out,
          static_cast<std::uint32_t>(total_length_ >= 0 ? static_cast<std::size_t>(total_length_)
                                                        : header + inner.size()));
    put16(out, id_);
    put16(out, fragment_);
    out.push_back(ttl_);
    out.push_back(protocol_);
    put16(out, 0);
    put_address(out, source_);
    put_address(out, destination_);
    out.insert(out.end(), ip_options_, 1);
    set16(out, 10, internet_checksum(out));
    out.insert(out.end(), inner.begin(), inner.end());
    if (protocol_ == 6)
        set16(out, header + 16,
              internet_checksum(inner, pseudo_sum(std::span(out).subspan(12, 8), inner.size())));
    return out;
}

Frame PacketBuilder::build() const {
    Frame out{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
    if (turned_) std::rotate(out.begin(), out.begin() + 6, out.end());
    for (const auto& [type, id] : tags_) {
        put16(out, type);
        put16(out, id);
    }
    put16(out, ethertype_);
    const Frame packet = ipv4(tcp());
    out.insert(out.end(), packet.begin(), packet.end());
    if (out.size() < padded_) out.resize(padded_);
    if (out.size() > cut_) out.resize(cut_);
    return out;
}

std::string PacketBuilder::scapy() const {
    std::string text = "Ether()";
    for (const auto& [type, id] : tags_)
        text += (type == 0x8100 ? "/Dot1Q(vlan=" : "/Dot1AD(vlan=") + std::to_string(id) + ")";
    text += "/IP(src='" + source_ + "', dst='" + destination_ + "'";
    if (fragment_ != 0x4000)
        text += ", flags=" + std::to_string(fragment_ >> 13U) +
                ", frag=" + std::to_string(fragment_ & 0x1fffU);
    if (total_length_ >= 0) text += ", len=" + std::to_string(total_length_);
    if (protocol_ != 6) text += ", proto=" + std::to_string(protocol_);
    if (ip_options_ > 0) text += ", options=[IPOption_NOP()]*" + std::to_string(ip_options_);
    text += ")/TCP(sport=" + std::to_string(source_port_) +
            ", dport=" + std::to_string(destination_port_) + ", flags='" + flags_ +
            "', seq=" + std::to_string(sequence_) + ", ack=" + std::to_string(acknowledgment_);
    if (tcp_options_ > 0) text += ", options=[('NOP',None)]*" + std::to_string(tcp_options_);
    if (data_offset_ >= 0) text += ", dataofs=" + std::to_string(data_offset_);
    return text + ")" + (payload_.empty() ? "" : "/'" + payload_ + "'");
}

std::string checksum_complaint(const Frame& frame) {
    const std::span<const std::uint8_t> packet = std::span(frame).subspan(14);
    const std::size_t header = std::size_t{packet[0] & 0x0fU} * 4;
    if (internet_checksum(packet.first(header)) != 0) return "the IPv4 checksum is wrong";
    const auto tcp = packet.subspan(header, word(packet, 2) - header);
    if (internet_checksum(tcp, pseudo_sum(packet.subspan(12, 8), tcp.size())) != 0)
        return "the TCP checksum is wrong";
    return "";
}

std::string hex_dump(const Frame& frame) {
    std::string text;
    char digits[4];
    for (std::size_t i = 0; i < frame.size(); ++i) {
        std::snprintf(digits, sizeof(digits), "%02x", frame[i]);
        text += digits;
        text += i % 16 == 15 ? '\n' : ' ';
    }
    return text;
}

} // namespace nlb::test
