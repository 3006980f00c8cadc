// SPDX-License-Identifier: Apache-2.0
// Frames of any bytes through the packet core, several in a row, so that flows can come to life:
// two bytes of length, then the frame.
#include "support/route_lines.hpp"
#include "tables/build.hpp"

#include "flow/user_engine.hpp"

#include "base/check.hpp"

#include <algorithm>

using namespace nlb::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const nlb::flow::Tables tables =
        nlb::tables::build(std::vector<nlb::contract::Message>{
                               listener_line(80), routing_line(), route_line("10.0.1.1"),
                               listener_line(81, "tg-2"), routing_line("tg-2", true),
                               route_line("10.0.1.2", 80, true, "tg-2")})
            .value();
    nlb::flow::UserEngine engine(tables, {.most_flows = 64});
    std::span<const std::uint8_t> rest(data, size);
    std::int64_t second = 0;
    while (rest.size() >= 2) {
        const auto wanted = static_cast<std::size_t>(rest[0] * 256U + rest[1]);
        rest = rest.subspan(2);
        const std::size_t length = std::min(wanted, rest.size());
        std::vector<std::uint8_t> frame(rest.begin(),
                                        rest.begin() + static_cast<std::ptrdiff_t>(length));
        rest = rest.subspan(length);
        const auto verdict = engine.decide(frame, nlb::Nanos::seconds(second += 10)).verdict;
        NLB_CHECK(verdict.reason < NLB_REASON_COUNT);
        const std::uint8_t action = nlb::flow::reason_action(verdict.reason);
        NLB_CHECK(verdict.action == action || (action == NLB_RESET && verdict.action == NLB_DROP));
        NLB_CHECK(frame.size() <= length);
        NLB_CHECK(verdict.action == NLB_RESET || frame.size() == length);
    }
    return 0;
}
