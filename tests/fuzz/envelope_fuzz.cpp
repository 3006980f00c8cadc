// SPDX-License-Identifier: Apache-2.0
// Messages: only a whole one has the form; what is none passes as it is.
#include "envelope/envelope.hpp"
#include "envelope/form.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

using namespace nlb::envelope; // NOLINT(google-build-using-namespace)

namespace {

void check_that_a_whole_one_is_needed(std::span<const std::uint8_t> message) {
    NLB_CHECK(!check_form(message.first(message.size() - 1)));
    std::vector<std::uint8_t> longer(message.begin(), message.end());
    longer.push_back(0);
    NLB_CHECK(!check_form(longer));
    constexpr std::array<std::uint8_t, 2> kTag = {0x04, 0x10};
    const auto tag = message.last(kTag.size() + 16).first(kTag.size());
    NLB_CHECK(std::equal(tag.begin(), tag.end(), kTag.begin()));
}

void check_that_it_passes(std::span<const std::uint8_t> bytes) {
    const auto source = opened(nlb::compress::memory_source(bytes), nullptr);
    std::vector<std::uint8_t> all;
    std::array<std::uint8_t, 7> some{};
    for (;;) {
        const auto n = source(some);
        NLB_CHECK(n.has_value());
        if (*n == 0) break;
        all.insert(all.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(*n));
    }
    NLB_CHECK(std::equal(all.begin(), all.end(), bytes.begin(), bytes.end()));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span bytes(data, size);
    if (check_form(bytes)) check_that_a_whole_one_is_needed(bytes);
    if (match(bytes) == Match::Yes)
        NLB_CHECK(!opened(nlb::compress::memory_source(bytes), nullptr)({}));
    else
        check_that_it_passes(bytes);
    return 0;
}
