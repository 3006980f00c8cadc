// SPDX-License-Identifier: Apache-2.0
#include "proxy/connection_limit.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

using nlb::proxy::ConnectionLimit;
using nlb::proxy::ConnectionLimits;

namespace {

/// Stands in for the workers.
struct Waiting {
    std::vector<std::uint32_t> got; ///< slots, in the order of their places
    ConnectionLimit::OnPlace on_place = [this](std::uint32_t slot,
                                               const std::shared_ptr<ConnectionLimit>&) {
        got.push_back(slot);
    };
};

std::shared_ptr<ConnectionLimit> limit_of(std::uint64_t most) {
    auto limit = std::make_shared<ConnectionLimit>();
    limit->set(most);
    return limit;
}

} // namespace

BOOST_AUTO_TEST_SUITE(proxy_connection_limit)

BOOST_AUTO_TEST_CASE(without_a_limit_there_is_always_a_place) {
    Waiting workers;
    const auto limit = std::make_shared<ConnectionLimit>();
    for (std::uint32_t i = 0; i < 1000; ++i)
        BOOST_TEST(limit->take(workers.on_place, 0));
}

BOOST_AUTO_TEST_CASE(who_waits_gets_the_next_place_in_turn_and_once) {
    Waiting workers;
    const auto limit = limit_of(1);
    BOOST_TEST(limit->take(workers.on_place, 7));
    for (const std::uint32_t slot : {1U, 2U, 1U, 3U})
        BOOST_TEST(!limit->take(workers.on_place, slot));
    BOOST_TEST(workers.got.empty());
    for (int i = 0; i < 3; ++i)
        limit->give_back();
    BOOST_TEST(workers.got == (std::vector<std::uint32_t>{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(a_newcomer_does_not_overtake) {
    Waiting workers;
    const auto limit = limit_of(1);
    BOOST_TEST(limit->take(workers.on_place, 0));
    BOOST_TEST(!limit->take(workers.on_place, 1));
    limit->give_back(); // now slot 1 has the place
    BOOST_TEST(!limit->take(workers.on_place, 2));
    BOOST_TEST(workers.got == std::vector<std::uint32_t>{1});
}

BOOST_AUTO_TEST_CASE(who_left_gets_no_place) {
    Waiting workers;
    const auto limit = limit_of(1);
    BOOST_TEST(limit->take(workers.on_place, 0));
    BOOST_TEST(!limit->take(workers.on_place, 1));
    BOOST_TEST(!limit->take(workers.on_place, 2));
    limit->leave(workers.on_place, 1);
    limit->give_back();
    BOOST_TEST(workers.got == std::vector<std::uint32_t>{2});
}

BOOST_AUTO_TEST_CASE(a_smaller_limit_lets_what_is_there_end_first) {
    Waiting workers;
    const auto limit = limit_of(ConnectionLimit::kNone);
    for (int i = 0; i < 5; ++i)
        BOOST_TEST(limit->take(workers.on_place, 0));
    limit->set(3);
    BOOST_TEST(!limit->take(workers.on_place, 1));
    limit->give_back();
    limit->give_back();
    BOOST_TEST(workers.got.empty()); // three are left
    limit->give_back();
    BOOST_TEST(workers.got.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_larger_limit_or_none_serves_those_who_wait) {
    Waiting workers;
    const auto limit = limit_of(1);
    BOOST_TEST(limit->take(workers.on_place, 0));
    for (const std::uint32_t slot : {1U, 2U, 3U})
        BOOST_TEST(!limit->take(workers.on_place, slot));
    limit->set(2);
    BOOST_TEST(workers.got == std::vector<std::uint32_t>{1});
    limit->set(ConnectionLimit::kNone);
    BOOST_TEST(workers.got == (std::vector<std::uint32_t>{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(a_listener_has_one_limit_in_a_zone) {
    ConnectionLimits limits;
    const nlb::model::ListenerId id("listener/net/x/1/2");
    const auto limit = limits.of(id, "a", 5);
    BOOST_TEST(limit->most() == 5U);
    BOOST_TEST(limits.of(id, "b", 5) != limit);
    BOOST_TEST(limits.of(id, "a", std::nullopt) == limit);
    BOOST_TEST(limit->most() == ConnectionLimit::kNone);
}

BOOST_AUTO_TEST_CASE(threads_never_have_more_and_nobody_waits_for_ever) {
    constexpr std::uint64_t kMost = 3;
    constexpr std::size_t kThreads = 8;
    constexpr int kRounds = 2000;
    const auto limit = limit_of(kMost);
    std::mutex mutex;
    std::condition_variable held;
    std::array<int, kThreads> places{};
    const ConnectionLimit::OnPlace on_place = [&](std::uint32_t slot, const auto&) {
        const std::lock_guard lock(mutex);
        ++places.at(slot);
        held.notify_all();
    };
    std::atomic<std::uint64_t> now{0};
    std::atomic<bool> were_too_many{false};
    const auto work = [&](std::uint32_t slot) {
        for (int i = 0; i < kRounds; ++i) {
            if (!limit->take(on_place, slot)) {
                std::unique_lock lock(mutex);
                held.wait(lock, [&] { return places.at(slot) != 0; });
                --places.at(slot);
            }
            if (++now > kMost) were_too_many = true;
            --now;
            limit->give_back();
        }
    };
    std::vector<std::thread> threads;
    for (std::uint32_t slot = 0; slot < kThreads; ++slot)
        threads.emplace_back(work, slot);
    for (std::thread& thread : threads)
        thread.join();
    BOOST_TEST(!were_too_many);
}

BOOST_AUTO_TEST_SUITE_END()
