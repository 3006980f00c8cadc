// SPDX-License-Identifier: Apache-2.0
// Lines in pairs through replay::Difference: the first of each is foreign, so is here the second.
#include "replay/difference.hpp"

#include "base/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    const auto next = [&] {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        return line;
    };
    nlb::replay::Difference difference;
    std::string out;
    while (!rest.empty()) {
        const std::string_view before = next();
        const std::string_view after = next();
        const std::size_t told = out.size();
        const auto taken = difference.take(before, after, out);
        NLB_CHECK(taken || taken.error().code == nlb::Errc::Data);
        NLB_CHECK(before != after || out.size() == told);
        NLB_CHECK(out.size() == told || difference.any());
    }
    difference.append_summary(out);
    return 0;
}
