// SPDX-License-Identifier: Apache-2.0
#include "unit/route/scene.hpp"

#include "route/shift.hpp"
#include "route/state_lines.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb;
using namespace nlb::route;

namespace {

constexpr WallTime kNow{1'700'000'000'000};
constexpr std::uint64_t kHour = 3600;

ShiftRequest request(std::uint64_t seconds = kHour) {
    return {"front", "a", seconds, "because"};
}

/// The reason of the refusal; empty when the shift may start.
std::string refusal(const model::Configuration& configuration, const ShiftRequest& wanted,
                    const std::vector<ZonalShift>& active = {}) {
    const auto shift = start_shift(configuration, active, wanted, kNow);
    return shift ? "" : shift.error().text();
}

} // namespace

BOOST_AUTO_TEST_SUITE(route_shift)

BOOST_AUTO_TEST_CASE(a_shift_lasts_from_a_minute_to_72_hours) {
    const auto configuration = scene::two_zones();
    for (const std::uint64_t seconds : {60UL, 72 * kHour})
        BOOST_TEST(refusal(configuration, request(seconds)).empty());
    for (const std::uint64_t seconds : {0UL, 59UL, 72 * kHour + 1, ~0UL})
        BOOST_TEST(refusal(configuration, request(seconds)) ==
                   "a zonal shift lasts from 1 minute to 72 hours");
    const auto shift = start_shift(configuration, {}, request(60), kNow);
    BOOST_TEST((shift->expiry == kNow.after_seconds(60)));
    BOOST_TEST((shift->load_balancer == configuration.load_balancers[0].id));
}

BOOST_AUTO_TEST_CASE(what_rules_a_shift_out_is_named) {
    auto configuration = scene::two_zones();
    ShiftRequest wanted = request();
    wanted.load_balancer = configuration.load_balancers[0].id.value; // an id is as good as a name
    BOOST_TEST(refusal(configuration, wanted).empty());
    wanted.load_balancer = "back";
    BOOST_TEST(refusal(configuration, wanted).find("'back'") != std::string::npos);
    wanted = request();
    wanted.zone = "c";
    BOOST_TEST(refusal(configuration, wanted).find("no zone 'c'") != std::string::npos);
    for (const std::string& comment : {std::string(), std::string(129, 'x'), std::string("a\nb")}) {
        wanted = request();
        wanted.comment = comment;
        BOOST_TEST(refusal(configuration, wanted).find("comment") != std::string::npos);
    }
    auto crossing = configuration;
    crossing.target_groups[0].attributes.load_balancing_cross_zone_enabled = model::CrossZone::True;
    BOOST_TEST(refusal(crossing, request()).find("cross-zone") != std::string::npos);
    configuration.load_balancers[0].zones.pop_back();
    BOOST_TEST(refusal(configuration, request()).find("no other zone") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(one_shift_of_a_load_balancer_at_a_time) {
    const auto configuration = scene::two_zones();
    const std::vector<ZonalShift> active{*start_shift(configuration, {}, request(), kNow)};
    ShiftRequest other = request();
    other.zone = "b";
    BOOST_TEST(refusal(configuration, other, active).find("'a' is shifted away") !=
               std::string::npos);
    BOOST_TEST(find_shift(configuration, active, "front").has_value());
    BOOST_TEST(!find_shift(configuration, {}, "front").has_value());
}

BOOST_AUTO_TEST_CASE(an_update_changes_what_it_names) {
    const auto configuration = scene::two_zones();
    const std::vector<ZonalShift> active{*start_shift(configuration, {}, request(), kNow)};
    const WallTime later = kNow.after_seconds(600);
    const auto longer =
        update_shift(configuration, active, {"front", "", 2 * kHour, std::nullopt}, later);
    BOOST_TEST((longer->expiry == later.after_seconds(2 * kHour)));
    BOOST_TEST((longer->start == kNow));
    BOOST_TEST(longer->comment == "because");
    const auto said = update_shift(configuration, active, {"front", "", std::nullopt, "so"}, later);
    BOOST_TEST((said->expiry == active[0].expiry));
    BOOST_TEST(said->comment == "so");
    BOOST_TEST(
        !update_shift(configuration, active, {"front", "", std::nullopt, std::nullopt}, later));
    BOOST_TEST(!update_shift(configuration, {}, {"front", "", kHour, std::nullopt}, later));
}

BOOST_AUTO_TEST_CASE(the_state_comes_back_from_its_lines) {
    RunningState state;
    state.shifts = {*start_shift(scene::two_zones(), {}, request(), kNow)};
    auto& gone = state.deregistered[scene::group("web").id];
    gone.push_back({scene::target("10.0.1.1", "a"), kNow, true, false});
    gone.push_back({scene::target("2001:db8::1", "*"), kNow, false, false});
    RunningState again;
    for (const contract::Message& line : state_lines(state))
        take_state_line(line, again);
    BOOST_TEST((state_lines(again) == state_lines(state)));
    BOOST_TEST((again.deregistered.begin()->second[1].target.key() == gone[1].target.key()));
    BOOST_TEST(again.deregistered.begin()->second[1].target.all_zones);
}

BOOST_AUTO_TEST_SUITE_END()
