// SPDX-License-Identifier: Apache-2.0
#include "capture/link.hpp"

#include <algorithm>

namespace nlb::capture {

namespace {

constexpr std::uint16_t kIpv4 = 0x0800;
constexpr std::uint16_t kIpv6 = 0x86dd;
constexpr std::uint16_t kUnknown = 0xffff; ///< reserved: no protocol has it

using Bytes = std::span<const std::uint8_t>;

struct Inner {
    Bytes packet;
    std::uint16_t type = kUnknown; ///< EtherType
    Bytes sender;                  ///< 6 bytes or none
};

std::uint16_t be16(Bytes bytes, std::size_t at) {
    return static_cast<std::uint16_t>((bytes[at] << 8U) | bytes[at + 1]);
}

/// By the version nibble of the IP header.
Inner raw_ip(Bytes packet) {
    const unsigned version = packet.empty() ? 0U : packet[0] >> 4U;
    return {packet, version == 4 ? kIpv4 : version == 6 ? kIpv6 : kUnknown, {}};
}

Bytes hardware_address(Bytes packet, std::size_t at, unsigned length) {
    return length == 6 ? packet.subspan(at, 6) : Bytes{};
}

/// LINKTYPE_LINUX_SLL: the address length at 4, the address at 6, the protocol at 14.
bool cooked(Bytes packet, Inner& inner) {
    if (packet.size() < 16) return false;
    inner = {packet.subspan(16), be16(packet, 14), hardware_address(packet, 6, be16(packet, 4))};
    return true;
}

/// LINKTYPE_LINUX_SLL2: the protocol at 0, the address length at 11, the address at 12.
bool cooked2(Bytes packet, Inner& inner) {
    if (packet.size() < 20) return false;
    inner = {packet.subspan(20), be16(packet, 0), hardware_address(packet, 12, packet[11])};
    return true;
}

/// Address and control bytes may be left out; protocol numbers of RFC 1332 and RFC 5072.
bool ppp(Bytes packet, Inner& inner) {
    if (packet.size() >= 2 && packet[0] == 0xff && packet[1] == 0x03) packet = packet.subspan(2);
    if (packet.size() < 2) return false;
    const std::uint16_t protocol = be16(packet, 0);
    inner = {packet.subspan(2),
             protocol == 0x0021   ? kIpv4
             : protocol == 0x0057 ? kIpv6
                                  : kUnknown,
             {}};
    return true;
}

bool strip(std::uint16_t link_type, Bytes packet, Inner& inner) {
    switch (link_type) {
    case kLinkRawBsd:
    case kLinkRawIp:
    case kLinkIpv4:
    case kLinkIpv6: inner = raw_ip(packet); return true;
    case kLinkNull:
    case kLinkLoop: // four bytes of address family, whose numbers differ between systems
        if (packet.size() < 4) return false;
        inner = raw_ip(packet.subspan(4));
        return true;
    case kLinkPpp: return ppp(packet, inner);
    case kLinkLinuxSll: return cooked(packet, inner);
    case kLinkLinuxSll2: return cooked2(packet, inner);
    default: return false;
    }
}

} // namespace

bool is_known_link(std::uint16_t link_type) {
    constexpr std::uint16_t kKnown[] = {kLinkNull,     kLinkEthernet, kLinkPpp,  kLinkRawBsd,
                                        kLinkRawIp,    kLinkLoop,     kLinkIpv4, kLinkIpv6,
                                        kLinkLinuxSll, kLinkLinuxSll2};
    return std::find(std::begin(kKnown), std::end(kKnown), link_type) != std::end(kKnown);
}

std::string known_links() {
    return "Ethernet (1), BSD loopback (0, 108), PPP (9), raw IP (12, 101, 228, 229), Linux "
           "cooked (113, 276)";
}

bool to_ethernet(std::uint16_t link_type, Bytes packet, std::vector<std::uint8_t>& frame) {
    frame.clear();
    if (link_type == kLinkEthernet) {
        frame.assign(packet.begin(), packet.end());
        return true;
    }
    Inner inner;
    if (!strip(link_type, packet, inner)) return false;
    frame.resize(6);
    if (inner.sender.empty())
        frame.resize(12);
    else
        frame.insert(frame.end(), inner.sender.begin(), inner.sender.end());
    frame.push_back(static_cast<std::uint8_t>(inner.type >> 8U));
    frame.push_back(static_cast<std::uint8_t>(inner.type));
    frame.insert(frame.end(), inner.packet.begin(), inner.packet.end());
    return true;
}

} // namespace nlb::capture
