// SPDX-License-Identifier: Apache-2.0
// A log file as it is delivered.
#pragma once

#include "compress/writer.hpp"
#include "delivery/segment.hpp"
#include "envelope/envelope.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace nlb::delivery {

/// How log files leave the spool.
struct Packing {
    compress::Method method = compress::Method::Gzip;
    std::optional<envelope::Certificate> recipient{}; ///< to whom they are encrypted
};

struct Object {
    SegmentHead head;
    std::string name;  ///< without folder
    std::string bytes; ///< packed
    std::uint64_t entries = 0;
};

/// The whole entries of a segment as a log file; the same name whenever it is called. Errors:
/// System; Data when it is no segment.
Result<Object> make_object(const std::string& segment_path, const Packing& packing);

} // namespace nlb::delivery
