// SPDX-License-Identifier: Apache-2.0
#include "accesslog/alpn.hpp"

#include <algorithm>

namespace nlb::accesslog {

namespace {

/// Where the next byte that is one of `bytes` stands, or the end.
std::size_t find(std::string_view text, std::string_view bytes, std::size_t from) {
    return std::min(text.find_first_of(bytes, from), text.size());
}

bool has(std::string_view text, std::size_t at, char byte) {
    return at < text.size() && text[at] == byte;
}

} // namespace

std::size_t alpn_list_length(std::string_view text) {
    std::size_t at = 0;
    while (has(text, at, '"')) {
        const std::size_t end = find(text, "\" ", at + 1); // a space only after a cut
        if (!has(text, end, '"')) return end;
        at = end + 1;
        if (!has(text, at, ',')) return find(text, " ", at);
        const std::size_t name = std::min(text.find_first_not_of(' ', at + 1), text.size());
        if (!has(text, name, '"')) return find(text, " ", at + 1); // cut behind the comma
        at = name;
    }
    return find(text, " ", at);
}

bool AlpnNames::next(std::string_view& name) {
    const std::size_t open = rest_.find('"');
    if (open == std::string_view::npos) return false;
    const std::size_t close = std::min(rest_.find('"', open + 1), rest_.size());
    const bool is_closed = close < rest_.size();
    name = rest_.substr(open + 1, close - open - 1);
    rest_.remove_prefix(is_closed ? close + 1 : close);
    return is_closed || !name.empty();
}

} // namespace nlb::accesslog
