// SPDX-License-Identifier: Apache-2.0
// Where bytes come from: a file, a pipe or memory.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace nlb::compress {

/// Fills a part of the span and says how much; 0 at the end.
using ByteSource = std::function<Result<std::size_t>(std::span<std::uint8_t>)>;

/// Reads memory, which must outlive it.
ByteSource memory_source(std::span<const std::uint8_t> bytes);

} // namespace nlb::compress
