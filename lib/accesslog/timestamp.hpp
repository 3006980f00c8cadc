// SPDX-License-Identifier: Apache-2.0
// The times of access logs: ISO 8601 without zone and fraction, UTC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nlb::accesslog {

/// Seconds since 1970-01-01 UTC of "2018-12-20T02:59:40"; nothing when it is no such time.
std::optional<std::int64_t> parse_time(std::string_view text);

/// The same back, 19 bytes.
void append_time(std::int64_t seconds, std::string& out);

/// The same for days: 1970-01-01 is 0.
std::optional<std::int64_t> days_since_1970(int year, unsigned month, unsigned day);

} // namespace nlb::accesslog
