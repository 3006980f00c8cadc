// SPDX-License-Identifier: Apache-2.0
#include "proxy/target_ends.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb;
using namespace nlb::proxy;
using model::HealthState;

namespace {

const model::TargetGroupId kGroup("targetgroup/g/1");

contract::Route line(const char* id, HealthState state, bool eligible, bool terminated = false) {
    contract::Route route;
    route.group = kGroup;
    route.target = model::TargetId(id);
    route.address = IpAddress::parse("192.0.2.7").value();
    route.port = 80;
    route.state = state;
    route.eligible = eligible;
    if (terminated) route.terminated = true;
    return route;
}

FlowLabel label(const char* id, std::uint16_t port = 80, const model::TargetGroupId& of = kGroup) {
    auto listener = std::make_shared<ListenerInfo>();
    listener->group = of;
    return {listener, model::TargetId(id), {IpAddress::parse("192.0.2.7").value(), port}};
}

void say(TargetResets& resets, const std::vector<contract::Route>& lines) {
    std::vector<const contract::Route*> routes;
    for (const contract::Route& one : lines)
        routes.push_back(&one);
    resets.replace(kGroup, routes);
}

} // namespace

BOOST_AUTO_TEST_SUITE(proxy_target_ends)

BOOST_AUTO_TEST_CASE(connections_of_an_unhealthy_target_that_are_kept_end_when_they_are_no_more) {
    TargetResets resets;
    contract::Route kept = line("kept", HealthState::Unhealthy, false);
    kept.kept = true;
    say(resets, {kept, line("drains", HealthState::UnhealthyDraining, false)});
    BOOST_TEST(!resets.take());
    say(resets, {kept, line("drains", HealthState::Unhealthy, false)}); // its interval is over
    const auto ends = resets.take();
    BOOST_REQUIRE(ends);
    BOOST_TEST((ends->of(label("drains")) == End::TargetUnhealthy));
    BOOST_TEST((ends->of(label("kept")) == End::None));
}

BOOST_AUTO_TEST_CASE(each_target_ends_as_its_line_says) {
    TargetResets resets;
    say(resets,
        {line("fine", HealthState::Healthy, true), line("ill", HealthState::Unhealthy, false),
         line("gone", HealthState::Unused, false, true),
         line("ill-gone", HealthState::Unhealthy, false, true),
         line("drains", HealthState::Draining, false), line("open", HealthState::Unhealthy, true),
         line("new", HealthState::Initial, false)});
    const auto ends = resets.take();
    BOOST_REQUIRE(ends);
    BOOST_TEST((ends->of(label("ill")) == End::TargetUnhealthy));
    BOOST_TEST((ends->of(label("gone")) == End::TargetDeregistered));
    BOOST_TEST((ends->of(label("ill-gone")) == End::TargetUnhealthy));
    for (const char* kept : {"fine", "drains", "open", "new", "unknown", ""})
        BOOST_TEST((ends->of(label(kept)) == End::None), kept);
    BOOST_TEST((ends->of(label("ill", 81)) == End::None));
    BOOST_TEST((ends->of(label("ill", 80, model::TargetGroupId("other"))) == End::None));
}

BOOST_AUTO_TEST_CASE(a_target_is_told_of_once_and_again_after_it_recovered) {
    TargetResets resets;
    const std::vector ill{line("a", HealthState::Unhealthy, false)};
    say(resets, ill);
    BOOST_TEST((resets.take() != nullptr));
    say(resets, ill);
    BOOST_TEST((resets.take() == nullptr));
    say(resets, {line("a", HealthState::Healthy, true)});
    BOOST_TEST((resets.take() == nullptr));
    say(resets, ill);
    BOOST_TEST((resets.take() != nullptr));
}

BOOST_AUTO_TEST_CASE(only_what_turned_is_told_of) {
    TargetResets resets;
    say(resets, {line("a", HealthState::Unhealthy, false)});
    resets.take();
    say(resets,
        {line("a", HealthState::Unhealthy, false), line("b", HealthState::Unhealthy, false)});
    const auto ends = resets.take();
    BOOST_REQUIRE(ends);
    BOOST_TEST((ends->of(label("a")) == End::None));
    BOOST_TEST((ends->of(label("b")) == End::TargetUnhealthy));
}

BOOST_AUTO_TEST_CASE(one_zone_that_still_sends_keeps_the_connections_whatever_the_order) {
    for (const bool first_is_open : {true, false}) {
        TargetResets resets;
        say(resets, {line("a", HealthState::Unhealthy, first_is_open),
                     line("a", HealthState::Unhealthy, !first_is_open)});
        BOOST_TEST((resets.take() == nullptr));
    }
}

BOOST_AUTO_TEST_CASE(what_recovered_before_it_was_taken_is_not_told_of) {
    TargetResets resets;
    say(resets, {line("a", HealthState::Unhealthy, false)});
    say(resets, {line("a", HealthState::Healthy, true)});
    BOOST_TEST((resets.take() == nullptr));
}

BOOST_AUTO_TEST_CASE(a_group_that_came_back_is_told_of_anew) {
    TargetResets resets;
    const std::vector ill{line("a", HealthState::Unhealthy, false)};
    say(resets, ill);
    resets.take();
    resets.keep_only({kGroup});
    say(resets, ill);
    BOOST_TEST((resets.take() == nullptr));
    resets.keep_only({});
    say(resets, ill);
    BOOST_TEST((resets.take() != nullptr));
}

BOOST_AUTO_TEST_CASE(datagrams_do_not_stay_with_a_target_that_is_not_registered) {
    TargetResets resets;
    const std::vector two{line("a", HealthState::Healthy, true),
                          line("b", HealthState::Healthy, true)};
    say(resets, two);
    BOOST_TEST((resets.take() == nullptr));
    say(resets, {line("a", HealthState::Draining, false), line("b", HealthState::Healthy, true)});
    BOOST_TEST((resets.take() == nullptr));
    say(resets, {line("b", HealthState::Unhealthy, false)});
    const auto ends = resets.take();
    BOOST_REQUIRE(ends);
    BOOST_TEST((ends->of(label("a")) == End::None));
    BOOST_TEST((ends->of_datagrams(label("a")) == End::TargetDeregistered));
    BOOST_TEST((ends->of_datagrams(label("b")) == End::TargetUnhealthy));
    BOOST_TEST((ends->of_datagrams(label("a", 81)) == End::None));
    say(resets, two);
    BOOST_TEST((resets.take() == nullptr));
    resets.keep_only({});
    const auto gone = resets.take();
    BOOST_REQUIRE(gone);
    BOOST_TEST((gone->of(label("b")) == End::None));
    BOOST_TEST((gone->of_datagrams(label("b")) == End::TargetDeregistered));
}

BOOST_AUTO_TEST_CASE(a_target_that_is_registered_again_before_it_was_told_of_is_not_gone) {
    TargetResets resets;
    const std::vector one{line("a", HealthState::Healthy, true)};
    say(resets, one);
    say(resets, {});
    say(resets, one);
    BOOST_TEST((resets.take() == nullptr));
}

BOOST_AUTO_TEST_SUITE_END()
