// SPDX-License-Identifier: Apache-2.0
// The PROXY protocol, version 2. [PROXY v2: haproxy proxy-protocol.txt]
#pragma once

#include <string_view>

namespace nlb::wire {

/// The header of a connection that the sender opened for itself, such as a health check: signature,
/// version 2 and command LOCAL, family and protocol unspecified, no addresses. [PROXY v2 2.2; the
/// guide, p.46: checks carry the header without client information]
constexpr std::string_view kProxyV2Local{"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00", 16};

} // namespace nlb::wire
