// SPDX-License-Identifier: Apache-2.0
// A log file as it is delivered.
#pragma once

#include "compress/writer.hpp"
#include "delivery/segment.hpp"

#include <cstdint>
#include <string>

namespace nlb::delivery {

struct Object {
    SegmentHead head;
    std::string name;  ///< without folder
    std::string bytes; ///< compressed
    std::uint64_t entries = 0;
};

/// The whole entries of a segment as a log file; the same name whenever it is called. Errors:
/// System; Data when it is no segment.
Result<Object> make_object(const std::string& segment_path, compress::Method method);

} // namespace nlb::delivery
