// SPDX-License-Identifier: Apache-2.0
// The sequence number of the SYN that opened a connection, out of the headers that the kernel
// keeps for TCP_SAVED_SYN [tcp(7)]: IP header and TCP header, as they came.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace nlb::proxy {

/// Nothing when the bytes are no IPv4 or IPv6 header followed by a TCP header (IPv6 extension
/// headers are skipped).
std::optional<std::uint32_t> syn_sequence(std::span<const std::uint8_t> headers);

} // namespace nlb::proxy
