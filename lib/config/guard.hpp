// SPDX-License-Identifier: Apache-2.0
// The limits of parse.hpp, held against the text before the parser sees it: toml++ bounds nested
// values but neither the parts of a dotted key, whose tables it frees recursively, nor their sum.
// Outside quotes it also keeps characters beyond ASCII away: none is allowed there, and
// toml++ 3.3.0 has no defined answer to U+00A1 to U+0499.
#pragma once

#include "config/parse.hpp"

#include <optional>

namespace nlb::config {

std::optional<SyntaxError> exceeds_limits(std::string_view text);

} // namespace nlb::config
