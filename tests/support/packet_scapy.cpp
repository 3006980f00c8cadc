// SPDX-License-Identifier: Apache-2.0
#include "support/packet_builder.hpp"

namespace nlb::test {

namespace {

/// "name=value, " where the value is not the usual one.
std::string unless(std::int64_t usual, const char* name, std::int64_t value) {
    return value == usual ? "" : ", " + std::string(name) + "=" + std::to_string(value);
}

std::string bytes_text(std::string_view bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += kDigits[byte / 16];
        text += kDigits[byte % 16];
    }
    return "Raw(bytes.fromhex('" + text + "'))";
}

std::string header_text(std::uint8_t type, Bytes rest) {
    if (type == 44)
        return "/IPv6ExtHdrFragment(offset=" + std::to_string(word(rest, 1) >> 3U) +
               ", m=" + std::to_string(word(rest, 1) & 1U) +
               ", id=" + std::to_string((word(rest, 3) << 16U) | word(rest, 5)) + ")";
    if (type == 43)
        return "/IPv6ExtHdrRouting(type=0, len=" + std::to_string(rest[0]) +
               ", segleft=" + std::to_string(rest[2]) + ")";
    return std::string(type == 0 ? "/IPv6ExtHdrHopByHop" : "/IPv6ExtHdrDestOpt") +
           "(autopad=0, options=[Pad1()]*" + std::to_string(rest.size() - 1) + ")";
}

std::string icmp_text(bool v6, std::uint8_t type, std::uint8_t code, std::uint32_t rest) {
    const std::string kind = "type=" + std::to_string(type) + ", code=" + std::to_string(code);
    if (v6 && type == 1) return "/ICMPv6DestUnreach(code=" + std::to_string(code) + ")";
    if (v6 && type == 2) return "/ICMPv6PacketTooBig(mtu=" + std::to_string(rest) + ")";
    if (v6)
        return "/ICMPv6Unknown(" + kind + ", msgbody=(" + std::to_string(rest) +
               ").to_bytes(4, 'big'))";
    if (type == 3) return "/ICMP(" + kind + unless(0, "nexthopmtu", rest) + ")";
    return "/ICMP(" + kind + unless(0, "id", rest >> 16U) + unless(0, "seq", rest & 0xffffU) + ")";
}

} // namespace

std::string PacketBuilder::scapy_transport() const {
    if (raw_) return "";
    const std::string ports =
        "sport=" + std::to_string(source_port_) + ", dport=" + std::to_string(destination_port_);
    if (kind_ == Kind::Udp) return "/UDP(" + ports + (has_checksum_ ? ")" : ", chksum=0)");
    if (kind_ == Kind::Icmp) return icmp_text(is_v6(), icmp_type_, icmp_code_, icmp_rest_);
    std::string text =
        "/TCP(" + ports + ", flags='" + flags_ + "', seq=" + std::to_string(sequence_) +
        ", ack=" + std::to_string(acknowledgment_) + ", window=" + std::to_string(window_);
    if (tcp_options_ > 0) text += ", options=[('NOP',None)]*" + std::to_string(tcp_options_);
    return text + unless(-1, "dataofs", data_offset_) + ")";
}

std::string PacketBuilder::scapy_ip() const {
    std::string text = is_v6() ? "IPv6(" : "IP(";
    text += "src='" + source_ + "', dst='" + destination_ + "'";
    if (is_v6()) {
        text += unless(64, "hlim", ttl_) + unless(0, "tc", class_) + unless(0, "fl", label_) +
                unless(-1, "plen", total_length_);
    } else {
        text +=
            unless(64, "ttl", ttl_) + unless(0, "tos", class_) + unless(-1, "len", total_length_);
        text += ", id=" + std::to_string(id_) + ", flags=" + std::to_string(fragment_ >> 13U) +
                ", frag=" + std::to_string(fragment_ & 0x1fffU);
        if (ip_options_ > 0) text += ", options=[IPOption_NOP()]*" + std::to_string(ip_options_);
    }
    if (protocol_ >= 0)
        text += std::string(is_v6() ? ", nh=" : ", proto=") + std::to_string(protocol_);
    text += ")";
    for (const Extension& extension : extensions_)
        text += header_text(extension.type, extension.bytes);
    text += scapy_transport();
    if (!quoted_scapy_.empty()) return text + "/" + quoted_scapy_;
    return payload_.empty() ? text : text + "/" + bytes_text(payload_);
}

std::string PacketBuilder::scapy() const {
    std::string text = "Ether()";
    for (const auto& [type, id] : tags_)
        text += (type == 0x8100 ? "/Dot1Q(vlan=" : "/Dot1AD(vlan=") + std::to_string(id) + ")";
    return text + "/" + scapy_ip();
}

} // namespace nlb::test
