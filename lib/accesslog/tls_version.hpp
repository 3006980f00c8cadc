// SPDX-License-Identifier: Apache-2.0
// Protocol versions as ordered values, however they are spelled: tlsv12, TLSv1.2, tls1.2 and 1.2
// are one. As text they neither compare nor order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nlb::accesslog {

/// 10 for TLS 1.0 to 13 for TLS 1.3, and on; 3 for SSL 3.0; nothing when it is no version.
std::optional<std::int64_t> parse_tls_version(std::string_view text);

/// "tlsv12"
std::string tls_version_text(std::int64_t version);

} // namespace nlb::accesslog
