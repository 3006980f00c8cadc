// SPDX-License-Identifier: Apache-2.0
#include "replay/timeline.hpp"

#include "config/config.hpp"

#include <boost/test/unit_test.hpp>

using nlb::Nanos;
using nlb::replay::ConfigurationFrom;
using nlb::replay::Timeline;

namespace {

constexpr char kHead[] = R"(
[[load_balancers]]
name = "t"
scheme = "internal"
zones = [{ name = "a", address = "198.51.100.1" }]
listeners = [{ protocol = "TCP", port = 80, target_group = "web" }]
[[target_groups]]
name = "web"
protocol = "TCP"
port = 8080
target_type = "ip"
)";

nlb::model::Configuration configuration(const std::string& targets) {
    auto loaded = nlb::config::load(kHead + ("targets = [" + targets + "]\n"), "t.toml");
    if (!loaded) BOOST_FAIL(loaded.error().front().text());
    return std::move(loaded->configuration);
}

const std::string kOne = R"({ id = "10.0.1.1", zone = "a" })";
const std::string kTwo = kOne + R"(, { id = "10.0.1.2", zone = "a" })";

std::string health(const std::string& target, const std::string& state) {
    const std::string group = configuration(kTwo).target_groups.front().id.value;
    std::string line = R"({"type":"target-health","group":")" + group + R"(","target":")" + target +
                       R"(:8080","state":")" + state + '"';
    if (state != "healthy") line += R"(,"reason":"Target.FailedHealthChecks")";
    return line + "}\n";
}

std::string time(std::int64_t ns) {
    return R"({"type":"time","time_ns":")" + std::to_string(ns) + "\"}\n";
}

struct Made {
    std::string lines;
    std::vector<std::string> warnings;
    nlb::Result<Timeline> timeline = nlb::fail(nlb::Errc::System, "not made");
};

std::unique_ptr<Made> make(std::vector<ConfigurationFrom> configurations, std::string lines,
                           const std::string& zone = {}) {
    auto made = std::make_unique<Made>();
    made->lines = std::move(lines);
    made->timeline =
        Timeline::make(std::move(configurations), made->lines, {zone, {}},
                       [&](const std::string& what) { made->warnings.push_back(what); });
    return made;
}

/// Targets that take new flows, at `now`.
std::size_t members(Made& made, std::int64_t now) {
    BOOST_REQUIRE(made.timeline.has_value());
    const auto advanced = made.timeline->advance(Nanos{now});
    BOOST_REQUIRE(advanced.has_value());
    return made.timeline->tables().groups().front().members.size();
}

} // namespace

BOOST_AUTO_TEST_SUITE(replay_timeline)

BOOST_AUTO_TEST_CASE(lines_without_a_time_are_in_force_from_the_start) {
    auto made = make({{{}, "t", configuration(kTwo)}},
                     health("10.0.1.1", "healthy") + health("10.0.1.2", "unhealthy"));
    BOOST_TEST(members(*made, 0) == 1U);
    BOOST_TEST(!made->timeline->advance(Nanos{1'000'000'000}).value());
}

BOOST_AUTO_TEST_CASE(a_line_takes_effect_at_its_time) {
    auto made = make({{{}, "t", configuration(kTwo)}},
                     health("10.0.1.1", "healthy") + health("10.0.1.2", "healthy") + time(1000) +
                         health("10.0.1.2", "unhealthy") + time(2000) + time(3000) +
                         health("10.0.1.2", "healthy"));
    BOOST_TEST(members(*made, 0) == 2U);
    BOOST_TEST(members(*made, 999) == 2U);
    BOOST_TEST(members(*made, 1000) == 1U);
    BOOST_TEST(members(*made, 2999) == 1U);
    BOOST_TEST(members(*made, 10) == 1U); // never back
    BOOST_TEST(members(*made, 3001) == 2U);
}

BOOST_AUTO_TEST_CASE(several_moments_may_pass_between_two_packets) {
    auto made = make({{{}, "t", configuration(kTwo)}},
                     time(1) + health("10.0.1.1", "healthy") + time(2) +
                         health("10.0.1.2", "unhealthy") + time(3) + health("10.0.1.2", "healthy"));
    BOOST_TEST(members(*made, 100) == 2U);
}

BOOST_AUTO_TEST_CASE(a_set_counts_from_the_time_of_its_end) {
    const std::string group = configuration(kTwo).target_groups.front().id.value;
    const std::string scope = R"("set":"target-health","scope":")" + group + R"(","generation":1)";
    auto made = make({{{}, "t", configuration(kTwo)}},
                     R"({"type":"set-begin",)" + scope + "}\n" + health("10.0.1.1", "healthy") +
                         time(500) + health("10.0.1.2", "unhealthy") + R"({"type":"set-end",)" +
                         scope + R"(,"count":2})" + "\n");
    BOOST_TEST(members(*made, 499) == 2U); // nothing known: fails open
    BOOST_TEST(members(*made, 500) == 1U);
}

BOOST_AUTO_TEST_CASE(
    a_configuration_takes_the_place_of_the_one_before_and_targets_keep_their_index) {
    auto made = make({{{}, "t", configuration(kOne)}, {Nanos{50}, "u", configuration(kTwo)}}, "");
    BOOST_TEST(members(*made, 49) == 1U);
    const auto first = made->timeline->tables().targets().front().id;
    BOOST_TEST(members(*made, 50) == 2U);
    BOOST_TEST(made->timeline->tables().targets().front().id.value == first.value);
}

BOOST_AUTO_TEST_CASE(of_one_moment_the_configuration_comes_before_the_health_of_its_targets) {
    auto made = make({{{}, "t", configuration(kOne)}, {Nanos{50}, "u", configuration(kTwo)}},
                     health("10.0.1.1", "healthy") + time(50) + health("10.0.1.2", "healthy"));
    BOOST_TEST(members(*made, 50) == 2U);
}

BOOST_AUTO_TEST_CASE(what_a_running_balancer_refuses_is_refused) {
    auto other = nlb::config::load(
        std::string(kHead).replace(std::string(kHead).find("\"a\""), 3, "\"b\"") + "targets = []\n",
        "t.toml");
    BOOST_REQUIRE(other.has_value());
    auto made =
        make({{{}, "t", configuration(kOne)}, {Nanos{5}, "u.toml", other->configuration}}, "");
    BOOST_REQUIRE(!made->timeline.has_value());
    BOOST_CHECK(made->timeline.error().code == nlb::Errc::Usage);
    BOOST_TEST(made->timeline.error().text().starts_with(
        "'u.toml' may not replace the configuration before it: "));
}

BOOST_AUTO_TEST_CASE(lines_that_cannot_be_used_are_told_at_once) {
    const std::string good = health("10.0.1.1", "healthy");
    const std::pair<std::string, std::string> rows[] = {
        {good + "nonsense\n", "line 2: "},
        {time(7) + good + time(6), "line 3: time_ns is earlier than in the line before"},
        {R"({"type":"time"})", "line 1: "},
        {good + R"({"type":"time","time_ns":-1})", "line 2: "},
    };
    for (const auto& [lines, warning] : rows) {
        auto made = make({{{}, "t", configuration(kOne)}}, lines);
        BOOST_REQUIRE(!made->timeline.has_value());
        BOOST_CHECK(made->timeline.error().code == nlb::Errc::Data);
        BOOST_TEST(made->timeline.error().text() == "1 lines or sets could not be used");
        BOOST_REQUIRE_EQUAL(made->warnings.size(), 1U);
        BOOST_TEST(made->warnings[0].starts_with(warning));
    }
    std::string many;
    for (int i = 0; i < 1000; ++i)
        many += "?\n";
    auto made = make({{{}, "t", configuration(kOne)}}, many);
    BOOST_TEST(made->warnings.size() == 20U);
}

BOOST_AUTO_TEST_CASE(a_time_beyond_all_captures_is_no_time_at_all) {
    auto made =
        make({{{}, "t", configuration(kTwo)}}, R"({"type":"time","time_ns":"18446744073709551615"})"
                                               "\n" +
                                                   health("10.0.1.2", "unhealthy"));
    BOOST_TEST(members(*made, 9'000'000'000'000'000'000) == 2U);
}

BOOST_AUTO_TEST_CASE(a_zone_that_a_configuration_lacks_is_refused) {
    auto made = make({{{}, "t.toml", configuration(kOne)}}, "", "z");
    BOOST_REQUIRE(!made->timeline.has_value());
    BOOST_TEST(made->timeline.error().text() ==
               "--zone 'z': no load balancer of 't.toml' has this zone");
}

BOOST_AUTO_TEST_SUITE_END()
