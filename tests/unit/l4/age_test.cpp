// SPDX-License-Identifier: Apache-2.0
#include "l4/l4_age.h"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <initializer_list>

namespace {

constexpr std::uint64_t kDay = 86'400'000'000'000;
constexpr std::uint32_t kIdleMs = 350'000;
constexpr std::uint64_t kIdle = kIdleMs * 1'000'000ULL;

nlb_flow seen_at(std::uint64_t ns) {
    nlb_flow flow{};
    flow.last = nlb_moment(ns);
    flow.idle_ms = kIdleMs;
    return flow;
}

} // namespace

BOOST_AUTO_TEST_SUITE(l4_age)

// From a moment's first nanosecond, its last, before and after the count begins again.
BOOST_AUTO_TEST_CASE(a_flow_ends_never_early_and_a_moment_late_at_most) {
    for (const std::uint64_t last :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{NLB_MOMENT_NS}, 52 * kDay, 53 * kDay,
          (std::uint64_t{1} << 52U) - 1, (std::uint64_t{1} << 52U) + 1, 20'000 * kDay + 12345}) {
        const nlb_flow flow = seen_at(last);
        BOOST_TEST(nlb_is_over(&flow, last + kIdle) == 0, last);
        BOOST_TEST(nlb_is_over(&flow, last + kIdle + NLB_MOMENT_NS) == 1, last);
    }
}

BOOST_AUTO_TEST_CASE(silence_is_known_to_a_moment_for_26_days) {
    const std::uint64_t last = 1'000 * kDay + 777;
    const nlb_flow flow = seen_at(last);
    for (const std::uint64_t after : {std::uint64_t{NLB_MOMENT_NS}, kIdle, kDay, 26 * kDay}) {
        const std::uint64_t silence = nlb_silence_ns(&flow, last + after);
        BOOST_TEST(silence <= after);
        BOOST_TEST(after - silence < NLB_MOMENT_NS);
    }
}

BOOST_AUTO_TEST_CASE(time_that_runs_backwards_is_no_silence) {
    const nlb_flow flow = seen_at(kDay);
    BOOST_TEST(nlb_silence_ns(&flow, kDay) == 0U);
    BOOST_TEST(nlb_silence_ns(&flow, kDay - kIdle) == 0U);
    BOOST_TEST(nlb_is_over(&flow, 0) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
