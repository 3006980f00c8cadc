// SPDX-License-Identifier: Apache-2.0
#include "unit/route/scene.hpp"

#include "route/backlog.hpp"
#include "route/intake.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb;
using namespace nlb::route;

namespace {

constexpr const char* kGroup = "targetgroup/web/0000000000000001";

struct Stream {
    Stream() : publisher(with_target()) {}

    static model::Configuration with_target() {
        model::Configuration configuration = scene::two_zones();
        configuration.target_groups[0].targets = {scene::target("10.0.1.1", "a")};
        return configuration;
    }

    /// What the last of these lines led to.
    Intake::Taken say(const std::string& lines) {
        Intake::Taken last;
        for (const contract::Event& event : reader.feed(lines + "\n")) {
            last = intake.take(event, publisher);
            last.other = nullptr; // points into the event
        }
        return last;
    }

    contract::StreamReader reader;
    Publisher publisher;
    Intake intake;
};

std::string health(const std::string& more = "") {
    return std::string(R"({"type":"target-health","group":")") + kGroup +
           R"(","target":"10.0.1.1:8080","state":"healthy")" + more + "}";
}

std::string mark(const std::string& type, const std::string& kind, const std::string& more = "") {
    return R"({"type":")" + type + R"(","set":")" + kind + R"(","scope":")" + kGroup +
           R"(","generation":1)" + more + "}";
}

} // namespace

BOOST_AUTO_TEST_SUITE(route_intake)

BOOST_AUTO_TEST_CASE(lines_and_sets_of_health_reach_the_publisher) {
    Stream stream;
    BOOST_TEST(stream.say(health()).changes.size() == 1U);
    BOOST_TEST(stream.say(health()).changes.empty());
    const auto taken = stream.say(mark("set-begin", "target-health") + "\n" +
                                  mark("set-end", "target-health", R"(,"count":0)"));
    BOOST_TEST(taken.changes.size() == 1U); // the set left the target out
    BOOST_TEST(stream.intake.bad() == 0U);
}

BOOST_AUTO_TEST_CASE(a_bad_line_is_skipped_and_nothing_is_asked_for) {
    Stream stream;
    const auto taken = stream.say("no json");
    BOOST_TEST(taken.warning.starts_with("line 1: "));
    BOOST_TEST(!taken.lost);
    BOOST_TEST(stream.intake.bad() == 1U);
}

BOOST_AUTO_TEST_CASE(lost_lines_and_broken_sets_ask_for_a_snapshot) {
    Stream stream;
    stream.say(health(R"(,"seq":1)"));
    bool lost = false;
    for (const contract::Event& event : stream.reader.feed(health(R"(,"seq":4)") + "\n"))
        lost |= stream.intake.take(event, stream.publisher).lost;
    BOOST_TEST(lost);
    const auto taken = stream.say(mark("set-begin", "target-health") + "\n" +
                                  mark("set-end", "target-health", R"(,"count":7)"));
    BOOST_TEST(taken.lost);
    BOOST_TEST(taken.changes.empty());
}

BOOST_AUTO_TEST_CASE(sets_of_others_are_refused) {
    Stream stream;
    const auto taken = stream.say(mark("set-begin", "route-set") + "\n" +
                                  mark("set-end", "route-set", R"(,"count":0)"));
    BOOST_TEST(taken.warning == "route-set is not for nlb-policy");
    BOOST_TEST(!taken.lost);
}

BOOST_AUTO_TEST_CASE(the_hello_says_who_speaks_and_is_handed_back) {
    Stream stream;
    bool handed_back = false;
    for (const contract::Event& event : stream.reader.feed(
             R"({"type":"hello","contract":1,"tool":"t","instance":"0000000000000009"})"
             "\n")) {
        handed_back = stream.intake.take(event, stream.publisher).other != nullptr;
    }
    BOOST_TEST(handed_back);
    BOOST_TEST(stream.intake.peer().instance == "0000000000000009");
}

BOOST_AUTO_TEST_CASE(a_backlog_is_settled_once_with_what_is_gone_at_the_end) {
    const Stream stream;
    const model::TargetGroupId web{kGroup};
    const model::TargetGroupId gone{"targetgroup/gone/0000000000000001"};
    Backlog backlog;
    BOOST_TEST(backlog.empty());
    backlog.owe({gone, web});
    backlog.owe({web});
    BOOST_TEST((backlog.settle(stream.publisher) == std::vector{web, gone}));
    BOOST_TEST(backlog.empty());
    BOOST_TEST(backlog.settle(stream.publisher).empty());
}

BOOST_AUTO_TEST_SUITE_END()
