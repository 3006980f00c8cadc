// SPDX-License-Identifier: Apache-2.0
// TOML 1.0 text to a tree. The one door to toml++.
#pragma once

#include "base/result.hpp"
#include "config/document.hpp"

#include <string>
#include <string_view>

namespace nlb::config {

constexpr std::size_t kLongestText = std::size_t{16} << 20U; ///< bytes of a file
constexpr std::size_t kMostValues = 2'000'000;
constexpr std::size_t kDeepestKey = 32;     ///< parts of a dotted key
constexpr std::size_t kDeepestNesting = 32; ///< arrays and inline tables inside each other

struct SyntaxError {
    Position at;
    std::string what; ///< printable, one line
};

/// Bounded in time and memory for every input: longer, deeper or larger text than the limits
/// above is a SyntaxError where the limit was passed.
Result<Node, SyntaxError> parse(std::string_view text);

} // namespace nlb::config
