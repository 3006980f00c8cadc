// SPDX-License-Identifier: Apache-2.0
#include "accesslog/vpc_flow_log.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace nlb;            // NOLINT(google-build-using-namespace)
using namespace nlb::accesslog; // NOLINT(google-build-using-namespace)

namespace {

contract::Flow flow(const char* client, const char* node, const char* target) {
    contract::Flow made;
    made.client_address = IpAddress::parse(client).value();
    made.client_port = 40000;
    made.destination_address = IpAddress::parse(node).value();
    made.destination_port = 443;
    made.source_address = made.destination_address;
    made.source_port = 50000;
    made.target = model::TargetId{"t:8443"};
    made.target_address = IpAddress::parse(target).value();
    made.target_port = 8443;
    made.start_ms = 1'700'000'000'999;
    made.duration_ms = 7001;
    made.client_bytes = 1000;
    made.target_bytes = 5000;
    made.client_packets = 12;
    made.target_packets = 9;
    made.accepted = true;
    made.datapath = "kernel";
    return made;
}

std::string records(const contract::Flow& flow) {
    BOOST_TEST(problem_of(flow) == "");
    std::string out;
    append_vpc_flow_records(flow, out);
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(vpc_flow_log)

BOOST_AUTO_TEST_CASE(a_flow_has_a_record_for_each_direction) {
    BOOST_TEST(records(flow("198.51.100.7", "192.0.2.1", "10.0.0.1")) ==
               "2 - - 198.51.100.7 192.0.2.1 40000 443 6 12 1000 1700000000 1700000008 ACCEPT OK\n"
               "2 - - 10.0.0.1 192.0.2.1 8443 50000 6 9 5000 1700000000 1700000008 ACCEPT OK\n");
}

BOOST_AUTO_TEST_CASE(a_record_has_the_fields_of_the_header) {
    const std::string lines = records(flow("198.51.100.7", "192.0.2.1", "10.0.0.1"));
    BOOST_TEST(std::count(lines.begin(), lines.end(), ' ') ==
               2 * std::count(kVpcFlowLogHeader.begin(), kVpcFlowLogHeader.end(), ' '));
}

BOOST_AUTO_TEST_CASE(payload_is_reckoned_with_the_headers_of_its_packets) {
    contract::Flow made = flow("198.51.100.7", "192.0.2.1", "2001:DB8:0::7");
    made.datapath = "sockets";
    BOOST_TEST(records(made) ==
               "2 - - 198.51.100.7 192.0.2.1 40000 443 6 12 1624 1700000000 1700000008 ACCEPT OK\n"
               "2 - - 2001:db8::7 192.0.2.1 8443 50000 6 9 5648 1700000000 1700000008 ACCEPT OK\n");
    made.protocol = "udp";
    BOOST_TEST(
        records(made) ==
        "2 - - 198.51.100.7 192.0.2.1 40000 443 17 12 1336 1700000000 1700000008 ACCEPT OK\n"
        "2 - - 2001:db8::7 192.0.2.1 8443 50000 17 9 5432 1700000000 1700000008 ACCEPT OK\n");
}

BOOST_AUTO_TEST_CASE(without_a_target_there_is_no_second_record) {
    contract::Flow made = flow("198.51.100.7", "192.0.2.1", "10.0.0.1");
    made.target_address.reset();
    made.accepted = false;
    BOOST_TEST(records(made) ==
               "2 - - 198.51.100.7 192.0.2.1 40000 443 6 12 1000 1700000000 1700000008 REJECT "
               "OK\n");
}

BOOST_AUTO_TEST_CASE(what_an_older_sender_does_not_tell_is_not_made_up) {
    contract::Flow made;
    made.client_address = IpAddress::parse("198.51.100.7").value();
    made.client_port = 40000;
    made.target = model::TargetId{"t:8443"};
    made.start_ms = 1'700'000'000'000;
    made.client_bytes = 1000;
    BOOST_TEST(records(made) == "2 - - 198.51.100.7 - 40000 - 6 - - 1700000000 1700000000 - OK\n");
    made.protocol = "sctp";
    made.datapath = "sockets";
    made.client_packets = 1;
    BOOST_TEST(records(made) == "2 - - 198.51.100.7 - 40000 - - 1 - 1700000000 1700000000 - OK\n");
}

BOOST_AUTO_TEST_CASE(records_are_wanted_by_their_action) {
    contract::Flow made;
    const auto wanted = [&](std::optional<bool> accepted) {
        made.accepted = accepted;
        std::string types;
        for (const TrafficType type :
             {TrafficType::None, TrafficType::All, TrafficType::Accept, TrafficType::Reject})
            types += is_wanted(type, made) ? '1' : '0';
        return types;
    };
    BOOST_TEST(wanted(true) == "0110");
    BOOST_TEST(wanted(false) == "0101");
    BOOST_TEST(wanted(std::nullopt) == "0100");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_is_a_problem) {
    const contract::Flow good = flow("198.51.100.7", "192.0.2.1", "10.0.0.1");
    for (const auto port : {&contract::Flow::destination_port, &contract::Flow::source_port,
                            &contract::Flow::target_port}) {
        contract::Flow bad = good;
        bad.*port = 65536;
        BOOST_TEST(problem_of(bad) == "a port above 65535");
    }
    contract::Flow late = good;
    late.client_port = 65536;
    BOOST_TEST(problem_of(late) == "a port above 65535");
    late = good;
    late.start_ms = 253'402'300'799'999;
    late.duration_ms = 0;
    BOOST_TEST(problem_of(late) == "");
    late.duration_ms = 1;
    BOOST_TEST(problem_of(late) == "an end beyond the year 9999");
    late.duration_ms = ~std::uint64_t{0};
    BOOST_TEST(problem_of(late) == "an end beyond the year 9999");
}

BOOST_AUTO_TEST_SUITE_END()
