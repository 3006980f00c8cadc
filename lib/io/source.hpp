// SPDX-License-Identifier: Apache-2.0
// Files as sources of bytes.
#pragma once

#include "compress/source.hpp"

#include "io/fd.hpp"

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace nlb::io {

/// Reads a file, or standard input for "-". Waiting for more ends as the source does when `until`
/// can be read; it outlives the source. Errors: System, with the path.
Result<compress::ByteSource> open_source(const std::string& path, const Fd* until = nullptr);

/// Reads the bytes of an open file from `from` on and before `to`, whatever its position; `path`
/// names it in errors, which are System.
compress::ByteSource part_of(std::shared_ptr<const Fd> file, const std::string& path,
                             std::uint64_t from, std::uint64_t to);

} // namespace nlb::io
