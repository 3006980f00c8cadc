// SPDX-License-Identifier: Apache-2.0
#include "contract/json.hpp"

#include <charconv>
#include <cstdio>

namespace nlb::contract {

namespace {

constexpr std::uint64_t kLargestExactDouble = 1ULL << 53;

/// Well-formed UTF-8 of more than one byte, by the lead byte (RFC 3629 §4): the range of the second
/// byte keeps out overlong forms, surrogates and what lies beyond U+10FFFF.
struct Utf8Row {
    unsigned lead_first, lead_last;
    unsigned second_first, second_last;
    std::size_t length;
};

constexpr Utf8Row kUtf8[] = {
    {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
    {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
    {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

/// Length of the valid UTF-8 sequence at the start of `s`, 0 if there is none.
std::size_t utf8_length(std::string_view s) {
    const auto in = [&](std::size_t i, unsigned first, unsigned last) {
        if (i >= s.size()) return false;
        const unsigned byte = static_cast<unsigned char>(s[i]);
        return byte >= first && byte <= last;
    };
    if (in(0, 0x00, 0x7F)) return 1;
    for (const Utf8Row& row : kUtf8) {
        if (!in(0, row.lead_first, row.lead_last)) continue;
        bool valid = in(1, row.second_first, row.second_last);
        for (std::size_t i = 2; i < row.length; ++i)
            valid = valid && in(i, 0x80, 0xBF);
        return valid ? row.length : 0;
    }
    return 0;
}

void append_escaped(char c, std::string& out) {
    switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
    }
    char escaped[7];
    std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned char>(c));
    out += escaped;
}

} // namespace

void append_json_string(std::string_view text, std::string& out) {
    out += '"';
    while (!text.empty()) {
        const char c = text.front();
        if (static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\') {
            append_escaped(c, out);
            text.remove_prefix(1);
            continue;
        }
        const std::size_t length = utf8_length(text);
        if (length == 0) {
            out += "\xEF\xBF\xBD";
            text.remove_prefix(1);
            continue;
        }
        out.append(text.substr(0, length));
        text.remove_prefix(length);
    }
    out += '"';
}

void append_json_number(std::uint64_t value, std::string& out) {
    const bool as_string = value > kLargestExactDouble;
    char digits[20];
    const char* end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    if (as_string) out += '"';
    out.append(digits, static_cast<std::size_t>(end - digits));
    if (as_string) out += '"';
}

} // namespace nlb::contract
