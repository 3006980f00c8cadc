// SPDX-License-Identifier: Apache-2.0
#include "io/client_sockets.hpp"
#include "io/socket.hpp"

#include <boost/test/unit_test.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>

using namespace nlb;
using namespace nlb::io;

namespace {

const IpAddress kLoopback = IpAddress::parse("127.0.0.1").value();

Endpoint local_name(const Fd& socket) {
    SocketAddress address;
    BOOST_REQUIRE(::getsockname(socket.get(), address.get(), &address.length) == 0);
    return address.endpoint();
}

/// A listener on a port of its own.
struct Server {
    Server() : listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const auto any = SocketAddress::from({kLoopback, 0});
        BOOST_REQUIRE(::bind(listener.get(), any.get(), any.length) == 0);
        BOOST_REQUIRE(::listen(listener.get(), 8) == 0);
        endpoint = local_name(listener);
    }

    Fd accept() const { return Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)); }

    Fd listener;
    Endpoint endpoint;
};

void wait_for(const Fd& socket, short what) {
    pollfd waiting{socket.get(), what, 0};
    BOOST_REQUIRE(retry([&] { return ::poll(&waiting, 1, 10'000); }) == 1);
}

std::string receive(const Fd& socket) {
    std::array<char, 64> buffer{};
    wait_for(socket, POLLIN);
    const ssize_t n = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    return n < 0 ? std::string("errno ") + std::to_string(errno)
                 : std::string(buffer.data(), static_cast<std::size_t>(n));
}

/// One question and its answer; the server ends the connection. What it hears afterwards.
std::string exchange(ClientSockets& sockets, const ClientSockets::Kind& kind,
                     const Server& server) {
    auto made = sockets.connect(kind, server.endpoint);
    BOOST_REQUIRE(made.error == 0);
    wait_for(made.socket, POLLOUT);
    BOOST_REQUIRE(ClientSockets::connect_answer(made.socket, server.endpoint) == 0);
    BOOST_REQUIRE(::send(made.socket.get(), "hello", 5, MSG_NOSIGNAL) == 5);
    const Fd peer = server.accept();
    BOOST_TEST(receive(peer) == "hello");
    BOOST_REQUIRE(::send(peer.get(), "world", 5, MSG_NOSIGNAL) == 5);
    BOOST_TEST(receive(made.socket) == "world");
    ::shutdown(peer.get(), SHUT_WR);
    BOOST_TEST(receive(made.socket).empty());
    sockets.end(kind, std::move(made.socket));
    return receive(peer);
}

} // namespace

BOOST_AUTO_TEST_SUITE(io_client_sockets)

BOOST_AUTO_TEST_CASE(a_socket_whose_connection_has_ended_connects_again) {
    const Server server;
    ClientSockets sockets;
    for (const bool speaks_first : {true, false}) {
        const ClientSockets::Kind kind{IpFamily::V4, std::nullopt, speaks_first};
        for (int i = 0; i < 3; ++i) {
            BOOST_TEST(exchange(sockets, kind, server) == "errno " + std::to_string(ECONNRESET));
        }
    }
    BOOST_TEST(sockets.kept() == 2U); // one of each kind
}

BOOST_AUTO_TEST_CASE(the_source_is_kept_with_the_socket) {
    const Server server;
    ClientSockets sockets;
    const auto source = IpAddress::parse("127.0.0.77").value();
    const ClientSockets::Kind kind{IpFamily::V4, source, true};
    exchange(sockets, kind, server);
    BOOST_REQUIRE(sockets.kept() == 1U);
    auto other = sockets.connect({IpFamily::V4, std::nullopt, true}, server.endpoint);
    BOOST_TEST(sockets.kept() == 1U);
    auto again = sockets.connect(kind, server.endpoint);
    BOOST_TEST(sockets.kept() == 0U);
    BOOST_TEST(again.is_bound);
    BOOST_TEST(local_name(again.socket).address.text() == source.text());
    BOOST_TEST(local_name(other.socket).address.text() == kLoopback.text());
}

BOOST_AUTO_TEST_CASE(a_source_that_is_not_of_this_host_is_told_and_another_taken) {
    const Server server;
    ClientSockets sockets;
    const auto source = IpAddress::parse("192.0.2.77").value();
    auto made = sockets.connect({IpFamily::V4, source, false}, server.endpoint);
    BOOST_TEST(made.error == 0);
    BOOST_TEST(!made.is_bound);
    wait_for(made.socket, POLLOUT);
    BOOST_TEST(ClientSockets::connect_answer(made.socket, server.endpoint) == 0);
}

BOOST_AUTO_TEST_CASE(a_refused_connect_says_so) {
    Endpoint nobody;
    {
        const Server gone;
        nobody = gone.endpoint;
    }
    ClientSockets sockets;
    auto made = sockets.connect({}, nobody);
    BOOST_REQUIRE(made.error == 0);
    wait_for(made.socket, POLLOUT);
    BOOST_TEST(ClientSockets::connect_answer(made.socket, nobody) == ECONNREFUSED);
}

BOOST_AUTO_TEST_SUITE_END()
