// SPDX-License-Identifier: Apache-2.0
#include "health/lateness.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb;
using namespace nlb::health;

namespace {

Nanos us(std::int64_t n) {
    return {n * 1000};
}

} // namespace

BOOST_AUTO_TEST_SUITE(health_lateness)

BOOST_AUTO_TEST_CASE(without_a_start_nothing_was_late) {
    BOOST_TEST(Lateness().percentile_us(99) == 0U);
}

BOOST_AUTO_TEST_CASE(a_percentile_is_the_time_that_so_many_kept) {
    Lateness late;
    for (int i = 1; i <= 100; ++i)
        late.add(us(i));
    BOOST_TEST(late.count() == 100U);
    BOOST_TEST(late.percentile_us(50) == 50U);
    BOOST_TEST(late.percentile_us(99) == 99U);
    BOOST_TEST(late.percentile_us(100) == 100U);
}

BOOST_AUTO_TEST_CASE(a_start_before_its_time_counts_as_punctual) {
    Lateness late;
    late.add(us(-5));
    BOOST_TEST(late.count() == 1U);
    BOOST_TEST(late.percentile_us(100) == 0U);
}

BOOST_AUTO_TEST_CASE(every_time_is_told_to_one_part_in_64_and_never_too_small) {
    for (std::int64_t time = 1; time < std::int64_t{1} << 32; time += 1 + time / 37) {
        Lateness late;
        late.add(us(time));
        const auto told = static_cast<std::int64_t>(late.percentile_us(99));
        BOOST_REQUIRE_GE(told, time);
        BOOST_REQUIRE_LE(told - time, time / 64);
    }
}

BOOST_AUTO_TEST_CASE(what_is_beyond_all_buckets_is_in_the_last) {
    Lateness late;
    late.add(Nanos::never());
    BOOST_TEST(late.percentile_us(1) > 3'600'000'000U);
}

BOOST_AUTO_TEST_SUITE_END()
