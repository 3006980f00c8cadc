// SPDX-License-Identifier: Apache-2.0
// The limits of parse.hpp, held against the text before the parser sees it: toml++ bounds nested
// values but neither the parts of a dotted key, whose tables it frees recursively, nor their sum.
#pragma once

#include "config/parse.hpp"

#include <optional>

namespace nlb::config {

std::optional<SyntaxError> exceeds_limits(std::string_view text);

} // namespace nlb::config
