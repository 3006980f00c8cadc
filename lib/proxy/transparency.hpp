// SPDX-License-Identifier: Apache-2.0
// Can this process connect to targets from its clients' addresses, and would it hear the answers?
#pragma once

#include "base/ip.hpp"

#include <optional>
#include <string>

namespace nlb::proxy {

/// Why targets of this family cannot see their clients' addresses; nothing: they can. It takes
/// CAP_NET_ADMIN (IP_TRANSPARENT, ip(7)), and a route of type local outside the kernel's own table,
/// by which replies to foreign addresses are taken in. Which of them it takes in is not looked at.
std::optional<std::string> why_not_transparent(IpFamily family);

} // namespace nlb::proxy
