// SPDX-License-Identifier: Apache-2.0
// Segments of a spool, as a crash, a full disk or somebody else left them. What is whole has a head
// whose parts can stand in a path, and lines.
#include "compress/source.hpp"
#include "delivery/segment.hpp"

#include "base/check.hpp"

#include <cstddef>
#include <cstdint>

using namespace nlb; // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto reader = delivery::SegmentReader::open(compress::memory_source({data, size}));
    if (!reader) return 0;
    const accesslog::FileLabel& label = reader->head().label;
    NLB_CHECK(label.account.find('/') == std::string::npos);
    NLB_CHECK(accesslog::file_name(label, ".gz").find('/') == std::string::npos);
    std::size_t bytes = 0;
    for (;;) {
        const auto lines = reader->next();
        NLB_CHECK(lines.has_value());
        if (lines->empty()) break;
        bytes += lines->size();
        NLB_CHECK(bytes <= size);
    }
    NLB_CHECK(reader->next()->empty());
    return 0;
}
