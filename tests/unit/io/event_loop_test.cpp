// SPDX-License-Identifier: Apache-2.0
#include "io/clock.hpp"
#include "io/event_loop.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/epoll.h>
#include <unistd.h>

#include <array>

using namespace nlb;
using namespace nlb::io;

namespace {

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        BOOST_REQUIRE(::pipe(ends.data()) == 0);
        in.reset(ends[0]);
        out.reset(ends[1]);
    }

    void write() const { BOOST_REQUIRE(::write(out.get(), "x", 1) == 1); }

    Fd in;
    Fd out;
};

} // namespace

BOOST_AUTO_TEST_SUITE(io_event_loop)

BOOST_AUTO_TEST_CASE(a_pause_ends_with_the_next_task) {
    auto loop = EventLoop::make().value();
    const Pipe pipe;
    int rounds = 0;
    BOOST_REQUIRE(loop.add(pipe.in.get(), EPOLLIN, [&](std::uint32_t) { ++rounds; }).has_value());
    pipe.write();
    loop.set_pause(Nanos::seconds(3600)); // the test would not end
    loop.at(now() + Nanos::milliseconds(1), [&](Nanos) {
        loop.set_pause({});
        loop.at(now(), [&](Nanos) { loop.stop(); });
    });
    BOOST_REQUIRE(loop.run().has_value());
    BOOST_TEST(rounds >= 1);
}

BOOST_AUTO_TEST_CASE(a_descriptor_that_is_forgotten_and_closed_leaves_its_number_to_others) {
    auto loop = EventLoop::make().value();
    auto first = std::make_unique<Pipe>();
    const int number = first->in.get();
    const auto fail = [](std::uint32_t) { BOOST_FAIL("it was forgotten"); };
    BOOST_REQUIRE(loop.add(number, EPOLLIN, fail).has_value());
    first->write();
    loop.forget(number);
    first.reset();
    const Pipe second;
    BOOST_REQUIRE(second.in.get() == number);
    int events = 0;
    const auto count = [&](std::uint32_t) {
        ++events;
        loop.stop();
    };
    BOOST_REQUIRE(loop.add(number, EPOLLIN, count).has_value());
    second.write();
    BOOST_REQUIRE(loop.run().has_value());
    BOOST_TEST(events == 1);
}

BOOST_AUTO_TEST_SUITE_END()
