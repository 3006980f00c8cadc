// SPDX-License-Identifier: Apache-2.0
#include "accesslog/tls_version.hpp"

namespace nlb::accesslog {

namespace {

constexpr std::int64_t kSsl3 = 3;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Removes `word`, given in lower case, from the front of `text` in any case.
bool skip(std::string_view& text, std::string_view word) {
    if (text.size() < word.size()) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
        if ((text[i] | 0x20) != word[i]) return false;
    }
    text.remove_prefix(word.size());
    return true;
}

} // namespace

std::optional<std::int64_t> parse_tls_version(std::string_view text) {
    const bool ssl = skip(text, "ssl");
    if (!ssl) skip(text, "tls");
    skip(text, "v");
    if (text.empty() || !is_digit(text[0])) return std::nullopt;
    const std::int64_t major = text[0] - '0';
    text.remove_prefix(1);
    if (text.starts_with('.') || text.starts_with('_')) text.remove_prefix(1);
    if (text.size() > 1 || (text.size() == 1 && !is_digit(text[0]))) return std::nullopt;
    const std::int64_t minor = text.empty() ? 0 : text[0] - '0';
    if (ssl) return major == 3 && minor == 0 ? std::optional(kSsl3) : std::nullopt;
    return major == 1 ? std::optional(major * 10 + minor) : std::nullopt;
}

std::string tls_version_text(std::int64_t version) {
    return version == kSsl3 ? "sslv3" : "tlsv" + std::to_string(version);
}

} // namespace nlb::accesslog
