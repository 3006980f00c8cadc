// SPDX-License-Identifier: Apache-2.0
// Any bytes as nlb.toml: a configuration or problems, each one printable line; what is accepted is
// shown, accepted again, and shown the same.
#include "base/check.hpp"
#include "config/config.hpp"
#include "config/render.hpp"

#include <algorithm>

using namespace nlb;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    const auto loaded = config::load(text, "f");
    if (!loaded) {
        NLB_CHECK(!loaded.error().empty());
        for (const auto& problem : loaded.error()) {
            const std::string line = problem.text();
            NLB_CHECK(std::all_of(line.begin(), line.end(),
                                  [](char c) { return c >= ' ' && c < '\x7F'; }));
        }
        return 0;
    }
    const std::string once = config::to_toml(config::show(loaded->configuration));
    const auto again = config::load(once, "f");
    NLB_CHECK(again.has_value());
    NLB_CHECK(config::to_toml(config::show(again->configuration)) == once);
    return 0;
}
