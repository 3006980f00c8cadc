// SPDX-License-Identifier: Apache-2.0
// What both datapaths count, added up, and the peaks of ten seconds.
#include "totals.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb;

namespace {

contract::Counter counter(std::string name, std::uint64_t value, std::string listener) {
    contract::Counter line;
    line.name = std::move(name);
    line.value = value;
    line.listener = model::ListenerId(std::move(listener));
    line.zone = "a";
    line.group = model::TargetGroupId("g");
    return line;
}

contract::Set set_of(const std::string& listener, const std::string& balancer) {
    contract::Listener line;
    line.listener = model::ListenerId(listener);
    line.load_balancer = model::LoadBalancerId(balancer);
    line.zone = "a";
    contract::Set set;
    set.lines.emplace_back(line);
    return set;
}

Nanos at(std::int64_t seconds) {
    return Nanos::seconds(seconds);
}

} // namespace

BOOST_AUTO_TEST_SUITE(totals)

BOOST_AUTO_TEST_CASE(lines_of_the_same_are_one) {
    const auto all = added_up({counter("NewFlowCount", 2, "l"), counter("NewFlowCount_TCP", 2, "l"),
                               counter("NewFlowCount", 5, "l"), counter("NewFlowCount", 1, "m")});
    BOOST_REQUIRE_EQUAL(all.size(), 3U);
    BOOST_TEST(all[0].value == 7U);
    BOOST_TEST(all[1].value == 2U);
    BOOST_TEST(all[2].value == 1U);
}

BOOST_AUTO_TEST_CASE(a_peak_is_of_all_listeners_of_a_load_balancer) {
    PeakRates peaks;
    const std::vector sets{set_of("l", "lb"), set_of("m", "lb"), set_of("n", "other")};
    peaks.learn(sets);
    const auto look = [&](std::uint64_t l, std::uint64_t m, std::uint64_t n, std::int64_t s) {
        peaks.look_at({counter("ProcessedBytes", l, "l"), counter("ProcessedBytes", m, "m"),
                       counter("ProcessedBytes", n, "n")},
                      at(s));
    };
    look(1000, 1000, 0, 0);
    BOOST_TEST(peaks.take().empty());
    look(1500, 1500, 50, 10); // 100 a second, 5 a second
    look(1600, 1500, 50, 20); // 10 a second
    const auto lines = peaks.take();
    BOOST_REQUIRE_EQUAL(lines.size(), 2U);
    BOOST_TEST(lines[0].name == "PeakBytesPerSecond");
    BOOST_TEST(lines[0].load_balancer->value == "lb");
    BOOST_TEST(*lines[0].zone == "a");
    BOOST_TEST(lines[0].value == 100U);
    BOOST_TEST(lines[1].value == 5U);
}

BOOST_AUTO_TEST_CASE(a_peak_is_told_once) {
    PeakRates peaks;
    const std::vector sets{set_of("l", "lb")};
    peaks.learn(sets);
    peaks.look_at({counter("ProcessedPackets", 0, "l")}, at(0));
    peaks.look_at({counter("ProcessedPackets", 700, "l")}, at(10));
    const auto first = peaks.take();
    BOOST_REQUIRE_EQUAL(first.size(), 1U);
    BOOST_TEST(first[0].name == "PeakPacketsPerSecond");
    BOOST_TEST(first[0].value == 70U);
    BOOST_TEST(peaks.take().empty());
    peaks.look_at({counter("ProcessedPackets", 710, "l")}, at(20));
    BOOST_TEST(peaks.take().at(0).value == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
