// SPDX-License-Identifier: Apache-2.0
#include "flow/vpc_flow_log.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace nlb;

namespace {

flow::VpcFlowRecord record(const char* source, const char* destination) {
    flow::VpcFlowRecord made;
    made.source = {IpAddress::parse(source).value(), 40000};
    made.destination = {IpAddress::parse(destination).value(), 443};
    made.protocol = 6;
    made.packets = 12;
    made.bytes = 3456;
    made.start_s = 1'700'000'000;
    made.end_s = 1'700'000'007;
    return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(flow_vpc_flow_log)

BOOST_AUTO_TEST_CASE(a_line_has_the_fields_of_the_header_in_its_order) {
    const std::string line = flow::vpc_flow_log_line(record("198.51.100.7", "192.0.2.1"));
    BOOST_TEST(line == "2 - - 198.51.100.7 192.0.2.1 40000 443 6 12 3456 1700000000 1700000007 "
                       "ACCEPT OK\n");
    BOOST_TEST(std::count(line.begin(), line.end(), ' ') ==
               std::count(flow::kVpcFlowLogHeader.begin(), flow::kVpcFlowLogHeader.end(), ' '));
}

BOOST_AUTO_TEST_CASE(ipv6_has_its_canonical_text_and_a_refusal_is_a_reject) {
    flow::VpcFlowRecord refused = record("2001:DB8:0::7", "2001:db8::1");
    refused.is_accepted = false;
    BOOST_TEST(flow::vpc_flow_log_line(refused) ==
               "2 - - 2001:db8::7 2001:db8::1 40000 443 6 12 3456 1700000000 1700000007 REJECT "
               "OK\n");
}

BOOST_AUTO_TEST_SUITE_END()
