// SPDX-License-Identifier: Apache-2.0
// Which file an entry goes to, on virtual time.
#include "accesslog/rotation.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb;            // NOLINT(google-build-using-namespace)
using namespace nlb::accesslog; // NOLINT(google-build-using-namespace)

BOOST_AUTO_TEST_SUITE(rotation)

namespace {

constexpr WallTime kStart{1'545'348'900'000}; // 2018-12-20T23:35:00
constexpr Rotation::Limits kLimits{1000, 3, 1000};

WallTime after_ms(std::int64_t ms) {
    return {kStart.unix_ms + ms};
}

std::uint64_t feed(Rotation& rotation, std::string_view id, std::int64_t at_ms,
                   std::uint64_t bytes = 1) {
    return rotation.feed(LogKind::Access, id, after_ms(at_ms), bytes, after_ms(at_ms)).number;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_load_balancer_has_one_file_an_interval) {
    Rotation rotation(kLimits);
    const auto first = feed(rotation, "net/a", 0);
    BOOST_TEST(feed(rotation, "net/a", kIntervalMs - 1) == first);
    BOOST_TEST(feed(rotation, "net/b", 5) != first);
    BOOST_TEST(feed(rotation, "net/a", kIntervalMs) != first);
}

BOOST_AUTO_TEST_CASE(a_file_ends_a_second_after_its_interval) {
    Rotation rotation(kLimits);
    BOOST_TEST(rotation.deadline().is_never());
    const auto number = feed(rotation, "net/a", 10);
    BOOST_TEST(rotation.deadline().unix_ms == after_ms(kIntervalMs + 1000).unix_ms);
    rotation.tick(after_ms(kIntervalMs + 999));
    BOOST_TEST(rotation.drain().empty());
    rotation.tick(rotation.deadline());
    BOOST_TEST((rotation.drain() == std::vector{number}));
    BOOST_TEST(rotation.deadline().is_never());
}

BOOST_AUTO_TEST_CASE(what_comes_late_gets_a_further_file_of_its_interval) {
    Rotation rotation(kLimits);
    const auto number = feed(rotation, "net/a", 10);
    rotation.tick(rotation.deadline());
    const WallTime later = after_ms(kIntervalMs + 2000);
    const auto& file = rotation.feed(LogKind::Access, "net/a", after_ms(20), 1, later);
    BOOST_TEST(file.number != number);
    BOOST_TEST(file.end.unix_ms == after_ms(kIntervalMs).unix_ms);
    BOOST_TEST(rotation.deadline().unix_ms == after_ms(2 * kIntervalMs + 1000).unix_ms);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_full_is_followed_by_another) {
    Rotation rotation(kLimits);
    const auto number = feed(rotation, "net/a", 0, 600);
    BOOST_TEST(feed(rotation, "net/a", 1, 400) == number);
    BOOST_TEST(feed(rotation, "net/a", 2, 1) != number);
    BOOST_TEST((rotation.drain() == std::vector{number}));
    BOOST_TEST(feed(rotation, "net/b", 3, 5000) != 0U); // longer than a file may be: still taken
}

BOOST_AUTO_TEST_CASE(the_oldest_file_ends_when_there_are_too_many) {
    Rotation rotation(kLimits);
    const auto oldest = feed(rotation, "net/z", 0);
    feed(rotation, "net/b", 1);
    feed(rotation, "net/c", 2);
    BOOST_TEST(rotation.drain().empty());
    feed(rotation, "net/a", 3);
    BOOST_TEST((rotation.drain() == std::vector{oldest}));
}

BOOST_AUTO_TEST_CASE(access_and_flow_logs_do_not_share_a_file) {
    Rotation rotation(kLimits);
    const auto access = feed(rotation, "net/a", 0);
    BOOST_TEST(rotation.feed(LogKind::Flow, "net/a", kStart, 1, kStart).number != access);
    rotation.end_all();
    BOOST_TEST(rotation.drain().size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
