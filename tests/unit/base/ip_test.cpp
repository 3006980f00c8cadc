// SPDX-License-Identifier: Apache-2.0
#include "base/ip.hpp"

#include <boost/test/unit_test.hpp>

using nlb::Cidr;
using nlb::Endpoint;
using nlb::IpAddress;

BOOST_AUTO_TEST_SUITE(base_ip)

BOOST_AUTO_TEST_CASE(addresses_round_trip_in_canonical_text) {
    const struct {
        const char* in;
        const char* out;
    } rows[] = {{"192.0.2.1", "192.0.2.1"},
                {"2001:DB8:0:0::1", "2001:db8::1"},
                {"::", "::"},
                {"::ffff:192.0.2.1", "::ffff:192.0.2.1"}};

    for (const auto& row : rows)
        BOOST_TEST(IpAddress::parse(row.in).value().text() == row.out);
}

BOOST_AUTO_TEST_CASE(what_is_no_address_is_refused_with_its_text) {
    for (const char* text : {"", "1.2.3", "01.2.3.4", "1.2.3.4 ", "256.1.1.1", "fe80::1%lo", "x"}) {
        const auto address = IpAddress::parse(text);
        BOOST_TEST(!address.has_value());
        if (!address)
            BOOST_TEST(address.error().attempt.find("is not an IPv4 or IPv6") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(a_block_contains_its_addresses_and_smaller_blocks) {
    const Cidr block = Cidr::parse("172.16.0.0/12").value();
    BOOST_TEST(block.contains(IpAddress::parse("172.31.255.255").value()));
    BOOST_TEST(!block.contains(IpAddress::parse("172.32.0.0").value()));
    BOOST_TEST(!block.contains(IpAddress::parse("::1").value()));
    BOOST_TEST(block.contains(Cidr::parse("172.20.0.0/16").value()));
    BOOST_TEST(!block.contains(Cidr::parse("172.0.0.0/8").value()));
    BOOST_TEST(
        Cidr::parse("0.0.0.0/0").value().contains(IpAddress::parse("255.255.255.255").value()));
}

BOOST_AUTO_TEST_CASE(what_is_no_block_is_refused) {
    for (const char* text :
         {"10.0.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "10.0.0.1/8", "::/129", "/8"}) {
        BOOST_TEST(!Cidr::parse(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(endpoints_bracket_ipv6) {
    BOOST_TEST((Endpoint{IpAddress::parse("::1").value(), 80}.text()) == "[::1]:80");
    BOOST_TEST((Endpoint{IpAddress::parse("127.0.0.1").value(), 80}.text()) == "127.0.0.1:80");
}

BOOST_AUTO_TEST_CASE(endpoints_are_read_as_they_are_written) {
    for (const char* text : {"192.0.2.1:80", "[2001:db8::1]:65535", "[::1]:0"})
        BOOST_TEST(Endpoint::parse(text).value().text() == text);
    for (const char* text : {"", ":", "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:8x",
                             "192.0.2.1:-1", "192.0.2.1: 80", "[192.0.2.1]:80", "2001:db8::1:80",
                             "[2001:db8::1:80", "2001:db8::1]:80", "[]:80", "[::1]", "a.test:80"})
        BOOST_TEST(!Endpoint::parse(text).has_value(), text);
    const std::string why = Endpoint::parse("a.test:80").error().text();
    BOOST_TEST(why.find("must be ADDRESS:PORT") != std::string::npos, why);
}

BOOST_AUTO_TEST_SUITE_END()
