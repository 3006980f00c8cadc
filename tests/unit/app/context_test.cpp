// SPDX-License-Identifier: Apache-2.0
#include "app/context.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>

using namespace nlb;

namespace {

/// Sets $NLB_RUNTIME_DIR for one case.
struct RuntimeDir {
    explicit RuntimeDir(const char* path) {
        if (path != nullptr) {
            ::setenv("NLB_RUNTIME_DIR", path, 1);
        } else {
            ::unsetenv("NLB_RUNTIME_DIR");
        }
    }

    RuntimeDir(const RuntimeDir&) = delete;
    RuntimeDir& operator=(const RuntimeDir&) = delete;

    ~RuntimeDir() { ::unsetenv("NLB_RUNTIME_DIR"); }
};

} // namespace

BOOST_AUTO_TEST_SUITE(app_context)

BOOST_AUTO_TEST_CASE(a_socket_name_lies_in_the_runtime_directory) {
    const RuntimeDir dir("/tmp/x");
    BOOST_TEST(app::socket_path("unix:policy").value() == "/tmp/x/policy.sock");
    BOOST_TEST(app::socket_path("unix:my.socket").value() == "/tmp/x/my.socket");
    BOOST_TEST(app::socket_path("unix:/a/b").value() == "/a/b");
}

BOOST_AUTO_TEST_CASE(the_runtime_directory_has_a_default) {
    const RuntimeDir unset(nullptr);
    BOOST_TEST(app::runtime_dir() == "/run/nlb");
    const RuntimeDir empty("");
    BOOST_TEST(app::runtime_dir() == "/run/nlb");
}

BOOST_AUTO_TEST_CASE(what_is_no_socket_is_refused_with_what_is_allowed) {
    for (const char* text : {"", "policy", "unix:", "tcp:1"}) {
        const auto path = app::socket_path(text);
        BOOST_REQUIRE(!path.has_value());
        BOOST_TEST((path.error().code == Errc::Usage));
        BOOST_TEST(path.error().attempt.find("must be unix:NAME or unix:/PATH") !=
                   std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(a_hello_names_node_and_zone_only_when_there_are_any) {
    const app::Context context{"nlb-test", app::Log("nlb-test", app::LogLevel::Error), "00ff"};
    const auto bare = context.hello("health");
    BOOST_TEST(bare.tool == "nlb-test");
    BOOST_TEST(bare.instance == "00ff");
    BOOST_TEST(!bare.node.has_value());
    const auto full = context.hello("health", "n1", "z1");
    BOOST_TEST(full.node.value_or("") == "n1");
    BOOST_TEST(full.zone.value_or("") == "z1");
}

BOOST_AUTO_TEST_SUITE_END()
