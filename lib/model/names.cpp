// SPDX-License-Identifier: Apache-2.0
#include "model/names.hpp"

#include "base/digest.hpp"

#include <algorithm>

namespace nlb::model {

std::string resource_hex(std::string_view account, std::string_view region, std::string_view kind,
                         std::string_view name) {
    std::string text;
    for (const std::string_view part : {account, region, kind, name}) {
        text.append(part);
        text += '\n'; // no part may contain one, so different parts never make the same text
    }
    return sha256_hex(text, 8);
}

bool is_script_name(std::string_view text) {
    constexpr std::size_t kLongestName = 255;
    return !text.empty() && !text.starts_with('.') && text.size() <= kLongestName &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return c > ' ' && c < '\x7F' && c != '/'; });
}

} // namespace nlb::model
