// SPDX-License-Identifier: Apache-2.0
// CRC32C: the Castagnoli checksum as iSCSI defines it. [RFC 3720 §12.1, appendix B.4]
#pragma once

#include <cstdint>
#include <string_view>

namespace nlb::wire {

/// Of all bytes, inverted at both ends; of "123456789" it is 0xe3069283.
std::uint32_t crc32c(std::string_view bytes);

} // namespace nlb::wire
