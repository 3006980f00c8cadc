// SPDX-License-Identifier: Apache-2.0
#include "proxy/idle_wheel.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <random>

using namespace nlb::proxy;

namespace {

std::vector<IdleWheel::Id> due_at(IdleWheel& wheel, std::int64_t now_ms) {
    std::vector<IdleWheel::Id> due;
    wheel.advance(now_ms, due);
    return due;
}

} // namespace

BOOST_AUTO_TEST_SUITE(proxy_idle_wheel)

BOOST_AUTO_TEST_CASE(nothing_is_due_early_and_nothing_more_than_a_step_late) {
    IdleWheel wheel(1'000'000);
    wheel.add(3, 1'000'250);
    BOOST_TEST(wheel.next_ms() == 1'000'300);
    BOOST_TEST(due_at(wheel, 1'000'249).empty());
    BOOST_TEST(due_at(wheel, 1'000'300).size() == 1U);
    BOOST_TEST(wheel.next_ms() == IdleWheel::kNever);
}

BOOST_AUTO_TEST_CASE(what_was_removed_never_comes) {
    IdleWheel wheel(0);
    for (IdleWheel::Id id = 0; id < 5; ++id)
        wheel.add(id, 1'000);
    wheel.remove(0);
    wheel.remove(2);
    wheel.remove(4);
    wheel.remove(4);
    wheel.remove(99);
    auto due = due_at(wheel, 2'000);
    std::sort(due.begin(), due.end());
    BOOST_TEST(due == (std::vector<IdleWheel::Id>{1, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_is_beyond_the_reach_comes_early_to_be_put_back) {
    IdleWheel wheel(0);
    wheel.add(1, 6'000'000);
    const std::int64_t first = wheel.next_ms();
    BOOST_TEST(first > 400'000);
    BOOST_TEST(first < 410'000);
    BOOST_TEST(due_at(wheel, first).size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_long_pause_loses_nothing) {
    IdleWheel wheel(0);
    for (IdleWheel::Id id = 0; id < 100; ++id)
        wheel.add(id, id * 4'000);
    BOOST_TEST(due_at(wheel, 100'000'000).size() == 100U);
    wheel.add(7, 100'000'500);
    BOOST_TEST(due_at(wheel, 100'000'600).size() == 1U);
}

BOOST_AUTO_TEST_CASE(random_times_agree_with_a_sorted_map) {
    std::mt19937 generator(20261122);
    const auto random = [&](std::uint32_t below) {
        return static_cast<std::uint32_t>(generator()) % below;
    };
    IdleWheel wheel(0);
    std::map<IdleWheel::Id, std::int64_t> reference;
    std::int64_t now = 0;
    for (int round = 0; round < 20'000; ++round) {
        const IdleWheel::Id id = random(500);
        if (reference.erase(id) != 0) wheel.remove(id);
        const std::int64_t due = now + 1 + random(300'000);
        reference[id] = due;
        wheel.add(id, due);
        now += random(300);
        for (const IdleWheel::Id came : due_at(wheel, now)) {
            BOOST_REQUIRE(reference.contains(came));
            BOOST_TEST(reference[came] <= now);
            reference.erase(came);
        }
        for (const auto& [left, when] : reference)
            BOOST_REQUIRE(when > now - IdleWheel::kStepMs);
    }
    BOOST_TEST(!reference.empty());
}

BOOST_AUTO_TEST_SUITE_END()
