// SPDX-License-Identifier: Apache-2.0
#include "io/notify.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>

using namespace nlb;
using namespace nlb::io;

namespace {

/// A service manager that listens at an abstract address of its own.
struct Manager {
    Manager() : socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path + 1, name.data(), name.size());
        const auto length =
            static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
        BOOST_REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), length) == 0);
        ::setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
    }

    ~Manager() { ::unsetenv("NOTIFY_SOCKET"); }

    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;

    std::string heard() const {
        std::array<char, 100> buffer{};
        const ssize_t n = ::recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        return n < 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(n));
    }

    std::string name = "nlb-notify-test-" + std::to_string(::getpid());
    Fd socket;
};

} // namespace

BOOST_AUTO_TEST_SUITE(io_notify)

BOOST_AUTO_TEST_CASE(the_service_manager_hears_the_state) {
    const Manager manager;
    BOOST_TEST(notify_service_manager("READY=1").has_value());
    BOOST_TEST(manager.heard() == "READY=1");
}

BOOST_AUTO_TEST_CASE(without_a_service_manager_nothing_happens) {
    ::unsetenv("NOTIFY_SOCKET");
    BOOST_TEST(notify_service_manager("READY=1").has_value());
}

BOOST_AUTO_TEST_CASE(a_manager_that_cannot_be_told_is_an_error) {
    ::setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
    BOOST_TEST(!notify_service_manager("READY=1").has_value());
    ::setenv("NOTIFY_SOCKET", "relative", 1);
    BOOST_TEST(!notify_service_manager("READY=1").has_value());
    ::unsetenv("NOTIFY_SOCKET");
}

BOOST_AUTO_TEST_SUITE_END()
