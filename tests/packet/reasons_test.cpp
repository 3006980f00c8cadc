// SPDX-License-Identifier: Apache-2.0
// Every reason has a row.
#include "packet/scenario.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb::test;

namespace {

/// Reasons that no test run can meet, because they need what only a node has.
const std::set<nlb_l4_reason> kNeedsANode{
    NLB_REASON_HOST_SOCKET,      // sockets of the host
    NLB_REASON_INTERNET_GATEWAY, // an interface
    NLB_REASON_NO_NEIGHBOR,      // a neighbor table
};

/// Met outside play(): a row of 55,000 frames keeps no books.
const std::set<nlb_l4_reason> kElsewhere{NLB_REASON_PORTS_EXHAUSTED}; // rows_limits.cpp

} // namespace

BOOST_AUTO_TEST_SUITE(packet_reasons)

BOOST_AUTO_TEST_CASE(every_reason_has_a_row, *boost::unit_test::depends_on("packet_rows")) {
    for (int number = 0; number < NLB_REASON_COUNT; ++number) {
        const auto reason = static_cast<nlb_l4_reason>(number);
        const bool excused = kNeedsANode.contains(reason) || kElsewhere.contains(reason);
        BOOST_TEST(reasons_met().contains(reason) != excused,
                   nlb::flow::reason_text(static_cast<std::uint8_t>(reason)));
    }
}

BOOST_AUTO_TEST_SUITE_END()
