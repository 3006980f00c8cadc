// SPDX-License-Identifier: Apache-2.0
#include "health/matcher.hpp"

#include "base/text.hpp"

#include <charconv>
#include <optional>

namespace nlb::health {

namespace {

std::optional<unsigned> code_of(std::string_view text) {
    constexpr std::size_t kDigits = 3;
    unsigned code = 0;
    const char* end = text.data() + text.size();
    const auto [stop, ec] = std::from_chars(text.data(), end, code);
    if (ec != std::errc{} || stop != end || text.size() != kDigits) return std::nullopt;
    if (code < Matcher::kFirstCode || code > Matcher::kLastCode) return std::nullopt;
    return code;
}

} // namespace

Result<Matcher> Matcher::parse(std::string_view text) {
    Matcher matcher;
    matcher.text_ = text;
    for (std::string_view rest = text;;) {
        const std::size_t comma = rest.find(',');
        const std::string_view part = rest.substr(0, comma);
        const std::size_t dash = part.find('-');
        const auto first = code_of(part.substr(0, dash));
        const auto last = dash == std::string_view::npos ? first : code_of(part.substr(dash + 1));
        if (!first || !last || *first > *last) {
            return fail(Errc::Data, "matcher " + in_quotes(text) + ": " + in_quotes(part) +
                                        " is no code and no range from 200 to 599");
        }
        for (unsigned code = *first; code <= *last; ++code)
            matcher.codes_.set(code - kFirstCode);
        if (comma == std::string_view::npos) return matcher;
        rest.remove_prefix(comma + 1);
    }
}

} // namespace nlb::health
