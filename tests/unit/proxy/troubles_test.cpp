// SPDX-License-Identifier: Apache-2.0
#include "proxy/troubles.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb;
using namespace nlb::proxy;

namespace {

Trouble trouble(End why, const char* target) {
    auto info = std::make_shared<ListenerInfo>();
    info->group = model::TargetGroupId("targetgroup/g/1");
    info->address = {IpAddress::parse("192.0.2.1").value(), 80};
    auto label = std::make_shared<FlowLabel>();
    label->listener = info;
    label->target = model::TargetId(target);
    return {label, why};
}

constexpr Nanos kStart = Nanos::seconds(1000);

} // namespace

BOOST_AUTO_TEST_SUITE(proxy_troubles)

BOOST_AUTO_TEST_CASE(each_target_and_kind_is_told_of_once_an_hour_with_a_count) {
    Troubles troubles;
    const auto first = troubles.note(trouble(End::Hairpin, "one:80"), kStart);
    BOOST_REQUIRE(first.has_value());
    BOOST_TEST(first->starts_with("target one:80 of targetgroup/g/1 connects to itself through "
                                  "192.0.2.1:80"));
    BOOST_TEST(!troubles.note(trouble(End::Hairpin, "one:80"), kStart + Nanos::seconds(1)));
    BOOST_TEST(!troubles.note(trouble(End::Hairpin, "one:80"), kStart + Nanos::seconds(3599)));
    BOOST_TEST(troubles.note(trouble(End::Hairpin, "two:80"), kStart).has_value());
    BOOST_TEST(troubles.note(trouble(End::FlowCollision, "one:80"), kStart).has_value());
    const auto again =
        troubles.note(trouble(End::Hairpin, "one:80"), kStart + Nanos::seconds(3600));
    BOOST_REQUIRE(again.has_value());
    BOOST_TEST(again->ends_with("(and 2 since this was last said)"));
}

BOOST_AUTO_TEST_CASE(what_is_forgotten_is_told_again_and_no_memory_grows) {
    Troubles troubles;
    for (int i = 0; i < 30'000; ++i) {
        const std::string target = std::to_string(i) + ":80";
        BOOST_REQUIRE(troubles.note(trouble(End::Hairpin, target.c_str()), kStart));
    }
}

BOOST_AUTO_TEST_CASE(silence_is_one_only_when_the_target_was_to_answer_the_client) {
    BOOST_TEST(is_trouble(End::TargetTimeout, true));
    BOOST_TEST(!is_trouble(End::TargetTimeout, false));
    BOOST_TEST(is_trouble(End::PortAllocation, false));
    BOOST_TEST(!is_trouble(End::TargetRefused, true));
    BOOST_TEST(!is_trouble(End::Closed, true));
}

BOOST_AUTO_TEST_SUITE_END()
