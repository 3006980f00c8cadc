// SPDX-License-Identifier: Apache-2.0
// Writing JSON text. Reading is simdjson's (decode.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nlb::contract {

/// `text` in double quotes, escaped as RFC 8259 §7 asks; invalid UTF-8 becomes U+FFFD, so that
/// every line written is valid whatever a peer sent us.
void append_json_string(std::string_view text, std::string& out);

/// Numbers above 2^53 are written as strings, because many readers keep doubles.
void append_json_number(std::uint64_t value, std::string& out);

} // namespace nlb::contract
