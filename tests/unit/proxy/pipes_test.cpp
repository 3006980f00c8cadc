// SPDX-License-Identifier: Apache-2.0
#include "proxy/pipes.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>

#include <vector>

namespace {

using nlb::proxy::Pipe;
using nlb::proxy::PipePool;

int bytes_of(const Pipe& pipe) {
    return ::fcntl(pipe.write_end.get(), F_GETPIPE_SZ);
}

std::vector<Pipe> take(PipePool& pool, long count) {
    std::vector<Pipe> taken;
    for (long i = 0; i < count; ++i) {
        auto pipe = pool.take();
        BOOST_REQUIRE(pipe);
        taken.push_back(std::move(*pipe));
    }
    return taken;
}

} // namespace

BOOST_AUTO_TEST_SUITE(pipes)

BOOST_AUTO_TEST_CASE(a_few_are_large) {
    PipePool pool;
    const auto taken = take(pool, PipePool::kMostLarge + 1);
    for (long i = 0; i < PipePool::kMostLarge; ++i)
        BOOST_TEST(bytes_of(taken[static_cast<std::size_t>(i)]) == PipePool::kLargeBytes);
    BOOST_TEST(bytes_of(taken.back()) == PipePool::kBytes);
}

BOOST_AUTO_TEST_CASE(one_that_ends_with_its_connection_makes_room) {
    PipePool pool;
    auto taken = take(pool, PipePool::kMostLarge);
    taken.pop_back();
    BOOST_TEST(bytes_of(take(pool, 1).front()) == PipePool::kLargeBytes);
}

BOOST_AUTO_TEST_CASE(large_ones_are_used_again_first) {
    PipePool pool;
    auto taken = take(pool, PipePool::kMostLarge + 1);
    pool.give_back(std::move(taken.front()));
    pool.give_back(std::move(taken.back()));
    BOOST_TEST(bytes_of(take(pool, 1).front()) == PipePool::kLargeBytes);
}

BOOST_AUTO_TEST_CASE(a_large_one_is_made_although_small_ones_lie_idle) {
    PipePool pool;
    auto taken = take(pool, PipePool::kMostLarge + 1);
    pool.give_back(std::move(taken.back()));
    taken.clear(); // the large ones end with their connections
    BOOST_TEST(bytes_of(take(pool, 1).front()) == PipePool::kLargeBytes);
}

BOOST_AUTO_TEST_SUITE_END()
