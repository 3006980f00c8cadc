// SPDX-License-Identifier: Apache-2.0
// Names and tags.
#include "model/rule_context.hpp"

#include <unicode/uchar.h>

#include <algorithm>

namespace nlb::model {

namespace {

constexpr std::size_t kLongestName = 32;      // [p.15]
constexpr std::size_t kMostTags = 50;         // [p.18]
constexpr std::size_t kLongestTagKey = 127;   // [p.18]
constexpr std::size_t kLongestTagValue = 255; // [p.18]

bool is_tag_character(char32_t point) {
    constexpr std::u32string_view kSigns = U"+-=._:/@"; // [p.18]
    const auto mask = U_GET_GC_MASK(static_cast<UChar32>(point));
    return kSigns.find(point) != std::u32string_view::npos ||
           (mask & (U_GC_L_MASK | U_GC_N_MASK | U_GC_ZS_MASK)) != 0;
}

/// Code points of UTF-8 that a parser has found valid (RFC 3629 section 3).
std::u32string code_points(std::string_view utf8) {
    std::u32string points;
    for (const char c : utf8) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            points.push_back(byte);
        } else if (byte >= 0xC0) { // leads 1 to 3 more bytes of 6 bits
            points.push_back(byte & (byte >= 0xF0 ? 0x07U : byte >= 0xE0 ? 0x0FU : 0x1FU));
        } else if (!points.empty()) {
            points.back() = (points.back() << 6U) | (byte & 0x3FU);
        }
    }
    return points;
}

/// What is wrong with a key or value, or nothing.
std::string tag_fault(std::string_view text, std::size_t longest) {
    const std::u32string points = code_points(text);
    if (points.size() > longest) {
        return "at most " + std::to_string(longest) + " characters, this has " +
               std::to_string(points.size());
    }
    if (!std::all_of(points.begin(), points.end(), is_tag_character)) {
        return "letters, spaces, numbers and + - = . _ : / @ only";
    }
    if (text.starts_with(' ') || text.ends_with(' ')) return "no space first or last";
    if (text.starts_with("aws:")) return "the prefix aws: is reserved";
    return {};
}

bool is_lower_label(std::string_view text, bool dots) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || (dots && c == '.');
    });
}

} // namespace

bool is_alphanumeric_or_hyphen(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-';
    });
}

void check_name(RuleContext& context, const Path& path, std::string_view name) {
    const bool fits = is_alphanumeric_or_hyphen(name) && name.size() <= kLongestName;
    if (!fits || name.front() == '-' || name.back() == '-') {
        context.error(path, "1 to 32 letters, digits and hyphens, no hyphen first or last");
    }
}

void check_tags(RuleContext& context, const Path& path, const Tags& tags) {
    if (tags.size() > kMostTags) {
        context.error(path, "at most 50 tags, this has " + std::to_string(tags.size()));
    }
    for (const auto& [key, value] : tags) {
        auto fault = key.empty() ? "at least 1 character" : tag_fault(key, kLongestTagKey);
        if (!fault.empty()) context.error(path / key, "tag key: " + fault);
        fault = tag_fault(value, kLongestTagValue);
        if (!fault.empty()) context.error(path / key, "tag value: " + fault);
    }
}

void check_region_names(RuleContext& context) {
    const Configuration& c = context.configuration;
    const bool digits = c.account.find_first_not_of("0123456789") == std::string::npos;
    if (c.account.size() != 12 || !digits) context.error(Path() / "account", "12 digits");
    if (!is_lower_label(c.region, false) || c.region.size() > kLongestName) {
        context.error(Path() / "region", "1 to 32 lower-case letters, digits and hyphens");
    }
    constexpr std::size_t kLongestDomain = 150; // leaves room for names in front, RFC 1035 2.3.4
    const bool dots_inside = !c.domain.starts_with('.') && !c.domain.ends_with('.') &&
                             c.domain.find("..") == std::string::npos;
    if (!is_lower_label(c.domain, true) || !dots_inside || c.domain.size() > kLongestDomain) {
        context.error(Path() / "domain", "a DNS name in lower case without a dot at its end");
    }
}

} // namespace nlb::model
