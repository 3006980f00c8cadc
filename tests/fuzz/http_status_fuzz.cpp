// SPDX-License-Identifier: Apache-2.0
// Answers to health checks. The first byte says in which pieces the rest comes. Whatever comes,
// the reader ends, stays ended, and says something fit for its end.
#include "base/check.hpp"
#include "wire/http_check.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

using nlb::wire::HttpProgress;
using nlb::wire::HttpStatusReader;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t step = data[0] + std::size_t{1};
    HttpStatusReader reader;
    for (std::size_t at = 1; at < size; at += step) {
        const std::string piece(data + at, data + std::min(size, at + step));
        const HttpProgress before = reader.progress();
        const unsigned code = reader.code();
        const HttpProgress after = reader.feed(piece);
        if (before != HttpProgress::Short) NLB_CHECK(after == before && reader.code() == code);
        NLB_CHECK((after == HttpProgress::Complete) == (reader.code() != 0));
        NLB_CHECK((after == HttpProgress::Malformed) == !reader.why().empty());
        if (after == HttpProgress::Short) NLB_CHECK(reader.bytes() <= nlb::wire::kMostHeaderBytes);
    }
    return 0;
}
