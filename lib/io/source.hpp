// SPDX-License-Identifier: Apache-2.0
// Files as sources of bytes.
#pragma once

#include "compress/source.hpp"

#include "base/result.hpp"

#include <string>

namespace nlb::io {

/// Reads a file, or standard input for "-". Errors: System, with the path.
Result<compress::ByteSource> open_source(const std::string& path);

} // namespace nlb::io
