// SPDX-License-Identifier: Apache-2.0
#include "support/packet_bytes.hpp"

#include <arpa/inet.h>

#include <cstdio>

namespace nlb::test {

void put16(Frame& out, std::uint32_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8U));
    out.push_back(static_cast<std::uint8_t>(value));
}

void put32(Frame& out, std::uint32_t value) {
    put16(out, value >> 16U);
    put16(out, value & 0xffffU);
}

void set16(Frame& out, std::size_t at, std::uint16_t value) {
    out.at(at) = static_cast<std::uint8_t>(value >> 8U);
    out.at(at + 1) = static_cast<std::uint8_t>(value);
}

void append(Frame& out, Bytes bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
}

std::uint32_t word(Bytes bytes, std::size_t at) {
    return static_cast<std::uint32_t>(bytes[at] << 8U) |
           (at + 1 < bytes.size() ? bytes[at + 1] : 0U);
}

Frame address_bytes(std::string_view text) {
    const bool v6 = text.find(':') != std::string_view::npos;
    Frame bytes(v6 ? 16 : 4);
    inet_pton(v6 ? AF_INET6 : AF_INET, std::string(text).c_str(), bytes.data());
    return bytes;
}

std::uint16_t internet_checksum(Bytes bytes, std::uint32_t start) {
    std::uint64_t sum = start;
    for (std::size_t i = 0; i < bytes.size(); i += 2)
        sum += word(bytes, i);
    while (sum > 0xffffU)
        sum = (sum & 0xffffU) + (sum >> 16U);
    return static_cast<std::uint16_t>(~sum);
}

std::uint32_t pseudo_sum(Bytes addresses, std::uint8_t protocol, std::size_t length) {
    std::uint32_t sum = protocol + static_cast<std::uint32_t>(length);
    for (std::size_t i = 0; i < addresses.size(); i += 2)
        sum += word(addresses, i);
    return sum;
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

namespace {

std::string transport_complaint(Bytes addresses, std::uint8_t protocol, Bytes inner) {
    const std::uint32_t pseudo = pseudo_sum(addresses, protocol, inner.size());
    if (protocol == 6 && internet_checksum(inner, pseudo) != 0) return "the TCP checksum is wrong";
    if (protocol == 17 && inner.size() >= 8 && word(inner, 6) != 0 &&
        internet_checksum(inner, pseudo) != 0)
        return "the UDP checksum is wrong";
    if (protocol == 58 && internet_checksum(inner, pseudo) != 0)
        return "the ICMPv6 checksum is wrong";
    if (protocol != 1) return "";
    if (internet_checksum(inner) != 0) return "the ICMP checksum is wrong";
    if (inner.size() < 28 || inner[0] != 3) return "";
    const Bytes quoted = inner.subspan(8);
    const std::size_t header = std::size_t{quoted[0] & 0x0fU} * 4;
    if (header <= quoted.size() && internet_checksum(quoted.first(header)) != 0)
        return "the IPv4 checksum of the quoted packet is wrong";
    return "";
}

std::string complaint4(Bytes packet) {
    const std::size_t header = std::size_t{packet[0] & 0x0fU} * 4;
    if (header < 20 || header > packet.size()) return "";
    if (internet_checksum(packet.first(header)) != 0) return "the IPv4 checksum is wrong";
    const std::size_t length = word(packet, 2);
    const bool is_fragment = (word(packet, 6) & 0x3fffU) != 0;
    if (is_fragment || length > packet.size() || length < header) return "";
    return transport_complaint(packet.subspan(12, 8), packet[9],
                               packet.subspan(header, length - header));
}

std::string complaint6(Bytes packet) {
    const std::size_t length = 40 + word(packet, 4);
    if (length > packet.size()) return "";
    std::size_t at = 40;
    std::uint8_t next = packet[6];
    while (next == 0 || next == 43 || next == 60 || next == 44) {
        if (at + 8 > length) return "";
        if (next == 44 && (word(packet, at + 2) & 0xfff9U) != 0) return "";
        const std::size_t units = next == 44 ? 0 : packet[at + 1];
        next = packet[at];
        at += 8 * units + 8;
    }
    if (at > length) return "";
    return transport_complaint(packet.subspan(8, 32), next, packet.subspan(at, length - at));
}

} // namespace

std::string checksum_complaint(Bytes frame) {
    if (frame.size() < 14) return "";
    std::size_t at = 12;
    while (at + 6 <= frame.size() && (word(frame, at) == 0x8100 || word(frame, at) == 0x88a8))
        at += 4;
    const Bytes packet = frame.subspan(at + 2);
    if (word(frame, at) == 0x0800 && packet.size() >= 20) return complaint4(packet);
    if (word(frame, at) == 0x86dd && packet.size() >= 40) return complaint6(packet);
    return "";
}

} // namespace nlb::test
