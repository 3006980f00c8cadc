// SPDX-License-Identifier: Apache-2.0
#include "io/clock.hpp"
#include "io/link_client.hpp"
#include "io/socket.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

using namespace nlb;
using namespace nlb::io;

namespace {

contract::Hello hello(const char* tool) {
    return {.contract = 1, .tool = tool, .instance = "0000000000000001"};
}

/// Stops the loop and fails the test when nothing happened for long: no test may hang.
void guard(EventLoop& loop) {
    loop.at(now() + Nanos::seconds(20), [&](Nanos) {
        BOOST_TEST(false, "timed out");
        loop.stop();
    });
}

struct TempDir {
    TempDir() {
        char name[] = "/tmp/nlb-test-XXXXXX";
        path = ::mkdtemp(name);
    }

    ~TempDir() { std::filesystem::remove_all(path); }

    std::string path;
};

} // namespace

BOOST_AUTO_TEST_SUITE(io_message_link)

BOOST_AUTO_TEST_CASE(a_burst_of_messages_crosses_a_socket_whole) {
    auto loop = EventLoop::make().value();
    guard(loop);
    int pair[2];
    BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
    Fd left(pair[0]);
    Fd right(pair[1]);
    std::size_t got = 0;
    auto reader =
        MessageLink::make(loop, std::move(left), Fd(), hello("reader"),
                          {.on_event =
                               [&](const contract::Event& e) {
                                   BOOST_TEST(std::holds_alternative<contract::Message>(e.what));
                                   if (++got == 20'001) loop.stop();
                               },
                           .on_batch = {},
                           .on_closed = {}});
    auto writer = MessageLink::make(loop, Fd(), std::move(right), hello("writer"), {});
    for (int i = 0; i < 20'000; ++i)
        (*writer)->put(contract::SnapshotRequest{"because"});
    (*writer)->flush();
    BOOST_TEST(loop.run().has_value());
    BOOST_TEST(got == 20'001U);
}

BOOST_AUTO_TEST_CASE(a_reader_that_leaves_after_the_input_ended_is_told) {
    auto loop = EventLoop::make().value();
    guard(loop);
    int in[2];
    int out[2];
    BOOST_REQUIRE(::pipe(in) == 0);
    BOOST_REQUIRE(::pipe(out) == 0);
    Fd far_reader(out[0]);
    ::close(in[1]); // the input has ended already
    int ends = 0;
    int error = 0;
    auto link = MessageLink::make(loop, Fd(in[0]), Fd(out[1]), hello("filter"),
                                  {.on_event = [](const contract::Event&) {},
                                   .on_batch = {},
                                   .on_closed =
                                       [&](const Result<void>& how) {
                                           ++ends;
                                           if (how) return far_reader.reset();
                                           error = how.error().sys;
                                           loop.stop();
                                       }});
    BOOST_TEST(loop.run().has_value());
    BOOST_TEST(ends == 2);
    BOOST_TEST(error == EPIPE);
}

BOOST_AUTO_TEST_CASE(a_client_finds_a_server_that_starts_later_and_again) {
    const TempDir dir;
    const std::string path = dir.path + "/policy.sock";
    auto loop = EventLoop::make().value();
    guard(loop);
    int connected = 0;
    int lost = 0;
    std::optional<UnixListener> server;
    LinkClient client(loop, path, hello("client"),
                      {.on_connected =
                           [&] {
                               if (++connected == 2) loop.stop();
                           },
                       .on_event = [](const contract::Event&) {},
                       .on_batch = {},
                       .on_lost = [&](const Error&) { ++lost; }});
    client.start();
    std::vector<Fd> accepted;
    const auto serve = [&] {
        server.emplace(UnixListener::make(path).value());
        BOOST_REQUIRE(loop.add(server->fd(), EPOLLIN,
                               [&](std::uint32_t) {
                                   accepted.push_back(server->accept().value());
                                   if (connected == 1) accepted.clear(); // drop the first client
                               })
                          .has_value());
    };
    loop.at(now() + Nanos::milliseconds(50), [&](Nanos) { serve(); });
    BOOST_TEST(loop.run().has_value());
    BOOST_TEST(connected == 2);
    BOOST_TEST(lost == 2);
}

BOOST_AUTO_TEST_CASE(a_stale_socket_is_replaced_and_a_live_one_is_not) {
    const TempDir dir;
    const std::string path = dir.path + "/s.sock";
    auto first = UnixListener::make(path);
    BOOST_REQUIRE(first.has_value());
    const auto second = UnixListener::make(path);
    BOOST_REQUIRE(!second.has_value());
    BOOST_TEST(second.error().attempt.find("another process holds its lock") != std::string::npos);
    BOOST_TEST(!UnixListener::make(std::string(200, 'x')).has_value());
}

BOOST_AUTO_TEST_CASE(the_directory_of_a_socket_is_made_when_it_is_missing) {
    const TempDir dir;
    const std::string path = dir.path + "/run/policy.sock";
    BOOST_TEST(make_socket_directory(path).has_value());
    BOOST_TEST(make_socket_directory(path).has_value()); // it is there already
    BOOST_TEST(UnixListener::make(path).has_value());
    BOOST_TEST(!make_socket_directory(dir.path + "/no/such/policy.sock").has_value());
}

BOOST_AUTO_TEST_CASE(a_reader_that_leaves_ends_the_link_with_epipe) {
    auto loop = EventLoop::make().value();
    guard(loop);
    int pipe_fds[2];
    BOOST_REQUIRE(::pipe(pipe_fds) == 0);
    Fd read_end(pipe_fds[0]);
    int error = 0;
    auto link = MessageLink::make(
        loop, Fd(), Fd(pipe_fds[1]), hello("writer"),
        {.on_event = {}, .on_batch = {}, .on_closed = [&](const Result<void>& how) {
             error = how ? 0 : how.error().sys;
             loop.stop();
         }});
    read_end.reset();
    BOOST_TEST(loop.run().has_value());
    BOOST_TEST(error == EPIPE);
}

BOOST_AUTO_TEST_CASE(timers_fire_in_order_and_can_be_cancelled) {
    auto loop = EventLoop::make().value();
    guard(loop);
    std::string order;
    const Nanos start = now();
    loop.at(start + Nanos::milliseconds(2), [&](Nanos) { order += 'b'; });
    loop.at(start + Nanos::milliseconds(1), [&](Nanos) { order += 'a'; });
    const auto cancelled = loop.at(start + Nanos::milliseconds(2), [&](Nanos) { order += 'x'; });
    loop.at(start + Nanos::milliseconds(3), [&](Nanos) { loop.stop(); });
    loop.cancel(cancelled);
    BOOST_TEST(loop.run().has_value());
    BOOST_TEST(order == "ab");
}

BOOST_AUTO_TEST_SUITE_END()
