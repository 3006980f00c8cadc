// SPDX-License-Identifier: Apache-2.0
// A document as text. Both forms end with a newline.
#pragma once

#include "config/document.hpp"

#include <string>

namespace nlb::config {

/// Scalars first, then tables, then arrays of tables, each in the order of the document.
std::string to_toml(const Node& root);

/// One JSON object on one line.
std::string to_json(const Node& root);

} // namespace nlb::config
