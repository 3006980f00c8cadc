// SPDX-License-Identifier: Apache-2.0
// The outline of a CMS message of AuthEnvelopedData, before anything of it is trusted.
// [RFC 5652 3; RFC 5083 2.1; ITU-T X.690 8.1]
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <span>

namespace nlb::envelope {

enum class Match : std::uint8_t { No, Yes, TooShort };

/// Whether a file that begins so is such a message. 19 bytes are enough.
Match match(std::span<const std::uint8_t> begin);

/// Whether the message is whole, in DER, without optional parts, and has a tag of 16 bytes: what
/// Certificate::encrypt() makes is. Errors: Data.
Result<void> check_form(std::span<const std::uint8_t> message);

} // namespace nlb::envelope
