// SPDX-License-Identifier: Apache-2.0
#include "proxy/udp_flows.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb;
using namespace nlb::proxy;

namespace {

UdpAddress at(const char* address, std::uint16_t port) {
    return UdpAddress(io::SocketAddress::from(Endpoint{IpAddress::parse(address).value(), port}));
}

} // namespace

BOOST_AUTO_TEST_SUITE(proxy_udp_flows)

BOOST_AUTO_TEST_CASE(an_address_is_what_it_was_made_from) {
    for (const char* text : {"192.0.2.1", "0.0.0.0", "2001:db8::1", "::"}) {
        const UdpAddress address = at(text, 53);
        BOOST_TEST(address.endpoint().address.text() == text);
        BOOST_TEST(address.endpoint().port == 53);
        BOOST_TEST((address == at(text, 53)));
        BOOST_TEST((address != at(text, 54)));
    }
    BOOST_TEST((at("0.0.0.0", 53) != at("::", 53)));
    BOOST_TEST((at("2001:db8::1", 53) != at("2001:db8:0:1::", 53)));
}

BOOST_AUTO_TEST_CASE(a_flow_is_found_by_both_of_its_ends) {
    UdpFlows flows(10, 7);
    const UdpAddress client = at("192.0.2.1", 1000);
    const UdpAddress target = at("2001:db8::1", 53);
    UdpFlow& flow = flows.open(3, client, 5, target);
    BOOST_TEST(flows.of_client(3, client) == &flow);
    BOOST_TEST(flows.of_target(5, target) == &flow);
    BOOST_TEST(flows.of_client(5, client) == nullptr);
    BOOST_TEST(flows.of_client(3, at("192.0.2.1", 1001)) == nullptr);
    BOOST_TEST(flows.of_target(5, at("2001:db8::1", 54)) == nullptr);
    BOOST_TEST(flows.of_target(3, target) == nullptr);
    flows.close(flow);
    BOOST_TEST(flows.of_client(3, client) == nullptr);
    BOOST_TEST(flows.of_target(5, target) == nullptr);
}

BOOST_AUTO_TEST_CASE(one_socket_has_a_flow_to_each_of_many_targets) {
    UdpFlows flows(10, 7);
    UdpFlow& one = flows.open(0, at("192.0.2.1", 1), 9, at("198.51.100.1", 53));
    UdpFlow& two = flows.open(0, at("192.0.2.1", 2), 9, at("198.51.100.2", 53));
    flows.close(one);
    BOOST_TEST(flows.of_target(9, at("198.51.100.2", 53)) == &two);
}

BOOST_AUTO_TEST_CASE(there_are_no_more_than_was_said) {
    UdpFlows flows(1000, 7);
    for (std::uint16_t port = 1; port <= 1000; ++port) {
        BOOST_REQUIRE(!flows.is_full());
        flows.open(0, at("192.0.2.1", port), port, at("198.51.100.1", 53));
    }
    BOOST_TEST(flows.is_full());
    for (std::uint16_t port = 1; port <= 1000; ++port) {
        UdpFlow* flow = flows.of_client(0, at("192.0.2.1", port));
        BOOST_REQUIRE(flow != nullptr);
        BOOST_REQUIRE(flow->socket == port);
    }
    flows.for_each([&](UdpFlow& flow) { flows.close(flow); });
    BOOST_TEST(flows.size() == 0U);
    BOOST_TEST(flows.of_target(1, at("198.51.100.1", 53)) == nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
