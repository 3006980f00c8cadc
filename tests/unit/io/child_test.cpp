// SPDX-License-Identifier: Apache-2.0
#include "io/child.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>

using namespace nlb::io;

namespace {

struct Ended {
    Child::Exit exit;
    std::string output;
};

/// Runs a shell line to its end.
Ended run(const std::string& line) {
    auto loop = EventLoop::make().value();
    Ended ended;
    std::unique_ptr<Child> child;
    child = Child::start(loop,
                         {.program = "/bin/sh",
                          .arguments = {"-c", line, "name", "one argument"},
                          .environment = {"NLB_ADDRESS=10.0.0.1"},
                          .keeps_output = true},
                         [&](const Child::Exit& exit) {
                             ended = {exit, child->output()};
                             child.reset(); // its owner may drop it here
                             loop.stop();
                         })
                .value();
    BOOST_REQUIRE(loop.run().has_value());
    return ended;
}

} // namespace

BOOST_AUTO_TEST_SUITE(io_child)

BOOST_AUTO_TEST_CASE(an_end_is_told_with_status_and_first_line) {
    const Ended good = run("echo $NLB_ADDRESS; echo more");
    BOOST_TEST(good.exit.passed);
    BOOST_TEST(good.output == "10.0.0.1");
    const Ended bad = run("echo \"$1\" >&2; exit 3");
    BOOST_TEST(!bad.exit.passed);
    BOOST_TEST(bad.exit.how == "exit status 3");
    BOOST_TEST(bad.output == "one argument");
    BOOST_TEST(run("kill -9 $$").exit.how == "killed by signal 9");
}

BOOST_AUTO_TEST_CASE(a_program_that_is_not_there_is_an_error) {
    auto loop = EventLoop::make().value();
    const auto child =
        Child::start(loop, {.program = "/nonexistent/x", .arguments = {}, .environment = {}}, {});
    BOOST_REQUIRE(!child.has_value());
    BOOST_TEST(child.error().text() == "start /nonexistent/x: No such file or directory");
}

BOOST_AUTO_TEST_CASE(a_child_that_is_dropped_is_killed_with_its_children_and_buried) {
    auto loop = EventLoop::make().value();
    auto child =
        Child::start(
            loop,
            {.program = "/bin/sh", .arguments = {"-c", "sleep 1000 & wait"}, .environment = {}},
            [](const Child::Exit&) { BOOST_FAIL("it was dropped"); })
            .value();
    child.reset();
    // Another child's end comes after the first one's burial began; then nothing is left.
    run("true");
    auto last = Child::start(loop, {.program = "/bin/true", .arguments = {}, .environment = {}},
                             [&](const Child::Exit&) { loop.stop(); });
    BOOST_REQUIRE(loop.run().has_value());
}

BOOST_AUTO_TEST_SUITE_END()
