// SPDX-License-Identifier: Apache-2.0
// Link types of capture files (the registry of tcpdump.org) and their way to Ethernet frames, the
// only frames the packet core takes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace nlb::capture {

constexpr std::uint16_t kLinkNull = 0;
constexpr std::uint16_t kLinkEthernet = 1;
constexpr std::uint16_t kLinkPpp = 9;
constexpr std::uint16_t kLinkRawBsd = 12; ///< raw IP as some systems wrote it
constexpr std::uint16_t kLinkRawIp = 101;
constexpr std::uint16_t kLinkLoop = 108;
constexpr std::uint16_t kLinkLinuxSll = 113;
constexpr std::uint16_t kLinkIpv4 = 228;
constexpr std::uint16_t kLinkIpv6 = 229;
constexpr std::uint16_t kLinkLinuxSll2 = 276;

bool is_known_link(std::uint16_t link_type);

/// What to_ethernet() takes, for messages.
std::string known_links();

/// The packet as an Ethernet frame into `frame`: Ethernet as it is; of others the link header is
/// replaced, with the sender's address where the cooked header has one, and zeroes otherwise.
/// False when the link type is unknown or its header is cut short; `frame` is then empty.
bool to_ethernet(std::uint16_t link_type, std::span<const std::uint8_t> packet,
                 std::vector<std::uint8_t>& frame);

} // namespace nlb::capture
