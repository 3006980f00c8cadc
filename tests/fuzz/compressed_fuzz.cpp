// SPDX-License-Identifier: Apache-2.0
// Compressed data of any bytes: what comes out does not depend on how the input arrives.
#include "compress/reader.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kMost = 4U << 20U; ///< a small file may unpack to a large one

struct Outcome {
    std::string text;
    bool failed = false;
};

Outcome read(std::span<const std::uint8_t> bytes, std::size_t step, std::size_t room) {
    nlb::compress::Reader reader(
        [bytes, step](std::span<std::uint8_t> out) mutable -> nlb::Result<std::size_t> {
            const std::size_t n = std::min({bytes.size(), out.size(), step});
            std::copy_n(bytes.begin(), n, out.begin());
            bytes = bytes.subspan(n);
            return n;
        });
    std::vector<std::uint8_t> out(room);
    Outcome outcome;
    while (outcome.text.size() < kMost) {
        const auto n = reader.read(out);
        outcome.failed = !n;
        if (!n || *n == 0) return outcome;
        NLB_CHECK(*n <= room);
        outcome.text.append(reinterpret_cast<const char*>(out.data()), *n);
    }
    return outcome;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Outcome whole = read({data, size}, size + 1, 300'000);
    const Outcome drops = read({data, size}, 7, 4096);
    if (whole.text.size() >= kMost || drops.text.size() >= kMost) return 0;
    NLB_CHECK(whole.failed == drops.failed);
    if (!whole.failed) NLB_CHECK(whole.text == drops.text);
    return 0;
}
