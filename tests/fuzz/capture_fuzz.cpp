// SPDX-License-Identifier: Apache-2.0
// Capture files of any bytes, plain or compressed, the link headers and TCP segments of their
// packets.
#include "capture/link.hpp"
#include "capture/reader.hpp"
#include "capture/segment.hpp"

#include "base/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto reader = nlb::capture::Reader::open(nlb::compress::memory_source({data, size}));
    if (!reader) return 0;
    std::vector<std::uint8_t> frame;
    for (int packets = 0; packets < 10'000; ++packets) { // a small file may unpack to a large one
        auto packet = reader->next();
        if (!packet || *packet == nullptr) return 0;
        NLB_CHECK((*packet)->time.ns >= 0);
        NLB_CHECK((*packet)->bytes.size() <= nlb::capture::kLongestPacket);
        nlb::capture::to_ethernet((*packet)->link_type, (*packet)->bytes, frame);
        const auto segment = nlb::capture::read_segment(frame);
        if (segment) NLB_CHECK(segment->tcp.payload.size() < frame.size());
    }
    return 0;
}
