// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace nlb::proxy {

/// TCP segments that came on the connection so far, keepalives included (tcpi_segs_in, RFC 4898);
/// wraps. 0 when the kernel does not say.
std::uint32_t segments_in(int fd);

} // namespace nlb::proxy
