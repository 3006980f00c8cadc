// SPDX-License-Identifier: Apache-2.0
#include "proxy/evidence.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb;
using namespace nlb::proxy;

BOOST_AUTO_TEST_SUITE(proxy_evidence)

BOOST_AUTO_TEST_CASE(only_what_the_target_did_before_any_data_is_a_sign) {
    BOOST_TEST((sign_of(End::TargetRefused, 0) == Sign::Refused));
    BOOST_TEST((sign_of(End::TargetUnreachable, 0) == Sign::Refused));
    BOOST_TEST((sign_of(End::TargetTimeout, 0) == Sign::Silent));
    BOOST_TEST((sign_of(End::TargetReset, 0) == Sign::Reset));
    BOOST_TEST(!sign_of(End::TargetReset, 1).has_value());
    for (const End other : {End::Closed, End::ClientReset, End::ClientLost, End::IdleTimeout,
                            End::NoTarget, End::PortAllocation, End::NoResources, End::Stopped,
                            End::TargetUnhealthy, End::TargetDeregistered})
        BOOST_TEST(!sign_of(other, 0).has_value());
}

BOOST_AUTO_TEST_CASE(signs_are_added_up_and_told_once) {
    auto listener = std::make_shared<ListenerInfo>();
    listener->group = model::TargetGroupId{"g"};
    listener->zone = "z";
    const auto label = [&](const char* target) {
        return std::make_shared<const FlowLabel>(FlowLabel{listener, model::TargetId{target}});
    };
    contract::Evidence evidence;
    const std::vector<TargetSign> signs{{label("a"), Sign::Refused},
                                        {label("a"), Sign::Refused},
                                        {label("a"), Sign::Silent},
                                        {label("b"), Sign::Reset},
                                        {label(""), Sign::Refused}};
    count(signs, evidence);
    std::string told;
    for (const contract::TargetEvidence& line : evidence.drain()) {
        told += line.group.value + "/" + line.target.value + "/" + line.zone + " " +
                std::to_string(line.count) + " " + line.kind + "; ";
    }
    BOOST_TEST(told == "g/a/z 2 refused; g/a/z 1 silent; g/b/z 1 reset; ");
    BOOST_TEST(evidence.empty());
}

BOOST_AUTO_TEST_SUITE_END()
