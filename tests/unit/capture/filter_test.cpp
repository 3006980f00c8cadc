// SPDX-License-Identifier: Apache-2.0
#include "capture/filter.hpp"
#include "capture/link.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

using nlb::capture::Filter;

namespace {

using Bytes = std::vector<std::uint8_t>;

/// IPv4 and TCP from 192.0.2.1:40000 to 198.51.100.1:80.
const Bytes kPacket{0x45, 0,    0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 192,  0, 2, 1, 198, 51, 100, 1,
                    0x9c, 0x40, 0, 80, 0, 0, 0,    1, 0,  0, 0, 0, 0x50, 2, 0, 0, 0,   0,  0,   0};

Bytes after(Bytes header) {
    header.insert(header.end(), kPacket.begin(), kPacket.end());
    return header;
}

bool matches(const std::string& expression, std::uint16_t link, const Bytes& packet) {
    Filter filter(expression);
    const auto ready = filter.compile(link);
    BOOST_REQUIRE_MESSAGE(ready.has_value(), expression);
    return filter.matches(packet, static_cast<std::uint32_t>(packet.size()));
}

} // namespace

BOOST_AUTO_TEST_SUITE(capture_filter)

BOOST_AUTO_TEST_CASE(an_expression_means_the_same_on_every_link_type) {
    const std::pair<std::uint16_t, Bytes> packets[] = {
        {nlb::capture::kLinkEthernet, after({2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0})},
        {nlb::capture::kLinkRawIp, kPacket},
        {nlb::capture::kLinkIpv4, kPacket},
        {nlb::capture::kLinkNull, after({2, 0, 0, 0})},
        {nlb::capture::kLinkLoop, after({0, 0, 0, 2})},
        {nlb::capture::kLinkPpp, after({0xff, 3, 0, 0x21})},
        {nlb::capture::kLinkLinuxSll, after({0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0})},
        {nlb::capture::kLinkLinuxSll2,
         after({8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0})},
    };
    for (const auto& [link, packet] : packets) {
        BOOST_TEST_CONTEXT("link type " << link) {
            BOOST_TEST(matches("tcp port 80 and host 192.0.2.1", link, packet));
            BOOST_TEST(matches("", link, packet));
            BOOST_TEST(!matches("udp or port 81", link, packet));
            BOOST_TEST(!matches("not tcp", link, packet));
        }
    }
}

BOOST_AUTO_TEST_CASE(one_filter_serves_link_types_in_turn) {
    Filter filter("src port 40000");
    const Bytes ethernet = after({2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0});
    for (int i = 0; i < 3; ++i) {
        BOOST_REQUIRE(filter.compile(nlb::capture::kLinkEthernet).has_value());
        BOOST_TEST(filter.matches(ethernet, 54));
        BOOST_REQUIRE(filter.compile(nlb::capture::kLinkRawIp).has_value());
        BOOST_TEST(filter.matches(kPacket, 40));
    }
}

BOOST_AUTO_TEST_CASE(bytes_that_were_not_captured_do_not_match) {
    Filter filter("tcp dst port 80");
    BOOST_REQUIRE(filter.compile(nlb::capture::kLinkRawIp).has_value());
    BOOST_TEST(!filter.matches(std::span(kPacket).first(22), 40));
    BOOST_TEST(!filter.matches({}, 40));
    Filter length("greater 1000");
    BOOST_REQUIRE(length.compile(nlb::capture::kLinkRawIp).has_value());
    BOOST_TEST(length.matches(kPacket, 1500));
}

BOOST_AUTO_TEST_CASE(what_is_no_expression_is_refused_in_one_line) {
    for (const std::string& expression :
         {std::string("tcp port"), std::string("flying pigs"), std::string("(tcp"),
          std::string("port 99999"), std::string(70'000, ' '), std::string("tcp\nnonsense here")}) {
        Filter filter(expression);
        const auto ready = filter.compile(nlb::capture::kLinkEthernet);
        BOOST_REQUIRE_MESSAGE(!ready.has_value(), expression.substr(0, 20));
        BOOST_CHECK(ready.error().code == nlb::Errc::Usage);
        BOOST_TEST(ready.error().text().starts_with("filter"));
        BOOST_TEST(ready.error().text().find('\n') == std::string::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()
