// SPDX-License-Identifier: Apache-2.0
#include "proxy/idle_check.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb::proxy;

namespace {

constexpr std::int64_t kTimeout = 80'000; // first look after 5 s

struct Fixture {
    IdleCheck idle;
    std::int64_t last_ms = 1000;
    std::uint32_t segments = 7;
    int asked = 0;

    IdleCheck::Verdict at(std::int64_t now_ms) {
        return idle.check(now_ms, kTimeout, last_ms, [this] {
            ++asked;
            return segments;
        });
    }

    /// Checks as often as wanted until `until_ms`; when it was over, 0: it was not.
    std::int64_t run(std::int64_t now_ms, std::int64_t until_ms) {
        while (now_ms <= until_ms) {
            const auto verdict = at(now_ms);
            if (verdict.is_over) return now_ms;
            BOOST_REQUIRE(verdict.again_ms > now_ms);
            now_ms = verdict.again_ms;
        }
        return 0;
    }

    void is_looked_at_again(const IdleCheck::Verdict& verdict, std::int64_t when_ms) {
        BOOST_TEST(!verdict.is_over);
        BOOST_TEST(verdict.again_ms == when_ms);
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(proxy_idle_check)

BOOST_AUTO_TEST_CASE(the_first_look_comes_after_a_sixteenth_and_at_most_15_seconds) {
    BOOST_TEST(settle_ms(1600) == 100);
    BOOST_TEST(settle_ms(60'000) == 3750);
    BOOST_TEST(settle_ms(350'000) == 15'000);
    BOOST_TEST(settle_ms(6'000'000) == 15'000);
}

BOOST_FIXTURE_TEST_CASE(a_silent_connection_ends_at_its_timeout, Fixture) {
    BOOST_TEST(run(6000, 100'000) == 81'000);
    BOOST_TEST(asked == 2);
}

BOOST_FIXTURE_TEST_CASE(data_moves_the_deadline_and_costs_no_call, Fixture) {
    is_looked_at_again(at(3000), 6000);
    last_ms = 5500;
    is_looked_at_again(at(6000), 10'500);
    BOOST_TEST(asked == 0);
}

BOOST_FIXTURE_TEST_CASE(a_keepalive_counts_as_activity_and_silence_after_it_does_not, Fixture) {
    run(6000, 40'000);
    ++segments;
    BOOST_TEST(run(46'000, 160'000) == 0);
    BOOST_TEST(last_ms == 81'000);
    BOOST_TEST(run(161'000, 200'000) == 161'000);
}

BOOST_FIXTURE_TEST_CASE(keepalives_keep_a_connection_for_as_long_as_they_come, Fixture) {
    run(6000, 6000);
    for (std::int64_t now_ms = 11'000; now_ms < 100 * kTimeout; now_ms += 60'000) {
        BOOST_REQUIRE(run(now_ms, now_ms + 55'000) == 0);
        ++segments;
    }
}

BOOST_FIXTURE_TEST_CASE(keepalives_after_data_keep_a_connection_too, Fixture) {
    run(6000, 40'000);
    ++segments;
    BOOST_TEST(run(41'000, 81'000) == 0);
    last_ms = 85'000; // data after a keepalive was heard
    ++segments;
    BOOST_TEST(run(86'000, 96'000) == 0);
    ++segments; // a keepalive
    BOOST_TEST(run(101'000, 240'000) == 0);
    BOOST_TEST(run(245'000, 300'000) == 245'000);
}

BOOST_FIXTURE_TEST_CASE(segments_of_data_are_no_keepalives, Fixture) {
    run(6000, 46'000);
    last_ms = 50'000; // data, and its acknowledgments
    segments = 100;
    BOOST_TEST(run(51'000, 200'000) == 130'000);
}

BOOST_FIXTURE_TEST_CASE(a_check_that_comes_late_is_no_verdict_without_a_look_before, Fixture) {
    is_looked_at_again(at(200'000), 205'000);
    BOOST_TEST(at(205'000).is_over);
}

BOOST_FIXTURE_TEST_CASE(a_count_that_wraps_shows_activity, Fixture) {
    segments = 0xffffffff;
    run(6000, 6000);
    segments = 0;
    BOOST_TEST(run(11'000, 150'000) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
