// SPDX-License-Identifier: Apache-2.0
#include "compress/source.hpp"

#include <algorithm>

namespace nlb::compress {

ByteSource memory_source(std::span<const std::uint8_t> bytes) {
    return [bytes](std::span<std::uint8_t> out) mutable -> Result<std::size_t> {
        const std::size_t n = std::min(bytes.size(), out.size());
        std::copy_n(bytes.begin(), n, out.begin());
        bytes = bytes.subspan(n);
        return n;
    };
}

} // namespace nlb::compress
