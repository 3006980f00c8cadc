// SPDX-License-Identifier: Apache-2.0
#include "proxy/udp_outbound.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace nlb;
using namespace nlb::proxy;

namespace {

UdpAddress at(std::uint16_t port) {
    return UdpAddress(
        io::SocketAddress::from(Endpoint{IpAddress::parse("192.0.2.1").value(), port}));
}

/// Lengths of the datagrams of each message of a lane, as the kernel would take them apart.
struct Fixture {
    UdpFlows flows{10, 7};
    UdpOutbound outbound;
    UdpFlow& one = flows.open(0, at(1), 0, at(53));
    UdpFlow& two = flows.open(0, at(2), 1, at(53));
    std::string bytes = std::string(70'000, 'x');

    void add(UdpFlow& flow, std::uint32_t length, std::uint32_t segment = 0,
             Side from = Side::Client) {
        UdpRead read;
        read.data = bytes.data();
        read.bytes = length;
        read.segment = segment == 0 ? length : segment;
        outbound.add(flow.socket, flow, from, read);
    }

    [[nodiscard]] std::vector<std::vector<std::uint32_t>> messages(UdpLane lane) const {
        std::vector<std::vector<std::uint32_t>> all;
        outbound.for_each(lane, [&](const UdpMessage& message) {
            auto& lengths = all.emplace_back();
            std::uint32_t sum = 0;
            outbound.for_each_piece(message,
                                    [&](const char*, std::uint32_t length) { sum += length; });
            BOOST_TEST(sum == message.bytes);
            for (std::uint32_t i = 0; i + 1 < message.datagrams; ++i, sum -= message.segment)
                lengths.push_back(message.segment);
            lengths.push_back(sum);
        });
        return all;
    }
};

using Lengths = std::vector<std::vector<std::uint32_t>>;

} // namespace

BOOST_FIXTURE_TEST_SUITE(proxy_udp_outbound, Fixture)

BOOST_AUTO_TEST_CASE(datagrams_of_one_length_become_one_message) {
    for (int i = 0; i < 3; ++i)
        add(one, 100);
    BOOST_TEST((messages(0) == Lengths{{100, 100, 100}}));
    outbound.for_each(0, [&](const UdpMessage& message) {
        BOOST_TEST((message.to == one.target));
        BOOST_TEST(message.pieces == 3U);
    });
}

BOOST_AUTO_TEST_CASE(a_shorter_one_is_the_last_of_its_message) {
    for (const std::uint32_t length : {100U, 100U, 60U, 60U, 100U})
        add(one, length);
    BOOST_TEST((messages(0) == Lengths{{100, 100, 60}, {60}, {100}}));
}

BOOST_AUTO_TEST_CASE(an_empty_one_is_alone) {
    for (const std::uint32_t length : {0U, 0U, 10U, 0U, 10U})
        add(one, length);
    BOOST_TEST((messages(0) == Lengths{{0}, {0}, {10}, {0}, {10}}));
}

BOOST_AUTO_TEST_CASE(flows_that_alternate_are_joined_apart) {
    for (int i = 0; i < 3; ++i) {
        add(one, 100);
        add(two, 200);
    }
    BOOST_TEST((messages(0) == Lengths{{100, 100, 100}}));
    BOOST_TEST((messages(1) == Lengths{{200, 200, 200}}));
    BOOST_TEST(outbound.lanes().size() == 2U);
}

BOOST_AUTO_TEST_CASE(both_directions_of_a_flow_are_joined_apart) {
    add(one, 100);
    add(one, 100, 0, Side::Target);
    add(one, 100);
    BOOST_TEST((messages(0) == Lengths{{100, 100}, {100}}));
}

BOOST_AUTO_TEST_CASE(what_came_joined_goes_on_joined) {
    add(one, 300, 100);
    add(one, 250, 100);
    add(one, 100);
    BOOST_TEST((messages(0) == Lengths{{100, 100, 100, 100, 100, 50}, {100}}));
}

BOOST_AUTO_TEST_CASE(a_single_one_that_is_longer_does_not_follow) {
    add(one, 100);
    add(one, 300, 150);
    BOOST_TEST((messages(0) == Lengths{{100}, {150, 150}}));
}

BOOST_AUTO_TEST_CASE(no_message_is_too_long) {
    for (int i = 0; i < 100; ++i)
        add(one, 10);
    const auto by_count = messages(0);
    BOOST_REQUIRE(by_count.size() == 2U);
    BOOST_TEST(by_count[0].size() == 64U);
    for (int i = 0; i < 3; ++i)
        add(two, 30'000);
    BOOST_TEST((messages(1) == Lengths{{30'000, 30'000}, {30'000}}));
}

BOOST_AUTO_TEST_CASE(a_flow_whose_way_takes_no_joined_ones_sends_singly) {
    one.sends_singly[0] = true;
    add(one, 100);
    add(one, 100);
    add(one, 250, 100);
    add(one, 0);
    BOOST_TEST((messages(0) == Lengths{{100}, {100}, {100}, {100}, {50}, {0}}));
    add(one, 100, 0, Side::Target);
    add(one, 100, 0, Side::Target);
    BOOST_TEST((messages(0).back() == std::vector<std::uint32_t>{100, 100}));
}

BOOST_AUTO_TEST_CASE(each_datagram_of_a_client_gets_the_header) {
    one.header = std::make_shared<std::string>("header");
    add(one, 100);
    add(one, 250, 100);
    add(one, 0);
    BOOST_TEST((messages(0) == Lengths{{106, 106, 106, 56}, {6}}));
    std::string sent;
    outbound.for_each(0, [&](const UdpMessage& message) {
        outbound.for_each_piece(
            message, [&](const char* data, std::uint32_t length) { sent.append(data, length); });
    });
    const std::string full = "header" + std::string(100, 'x');
    BOOST_TEST(sent == full + full + full + "header" + std::string(50, 'x') + "header");
    add(one, 100, 0, Side::Target);
    BOOST_TEST((messages(0).back() == std::vector<std::uint32_t>{100}));
}

BOOST_AUTO_TEST_CASE(nothing_is_joined_to_what_was_sent) {
    add(one, 100);
    outbound.clear(flows);
    BOOST_TEST(outbound.empty());
    BOOST_TEST(outbound.lanes().empty());
    add(one, 100);
    BOOST_TEST((messages(0) == Lengths{{100}}));
}

BOOST_AUTO_TEST_SUITE_END()
