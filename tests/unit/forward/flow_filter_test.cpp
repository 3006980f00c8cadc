// SPDX-License-Identifier: Apache-2.0
// The filter of "nlb-forward flows".
#include "flow_lines.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb;

namespace {

FlowLine line() {
    FlowLine flow;
    flow.protocol = "tcp";
    flow.state = "established";
    flow.client = {IpAddress::parse("192.0.2.7").value(), 40'000};
    flow.destination = {IpAddress::parse("2001:db8::1").value(), 443};
    flow.listener = "listener/1";
    flow.target = "i-1";
    return flow;
}

bool fits(const std::vector<std::string>& words) {
    const auto filter = FlowFilter::parse(words);
    BOOST_REQUIRE(filter);
    return filter->fits(line());
}

std::string refusal(const std::vector<std::string>& words) {
    const auto filter = FlowFilter::parse(words);
    BOOST_REQUIRE(!filter);
    BOOST_TEST((filter.error().code == Errc::Usage));
    return filter.error().text();
}

} // namespace

BOOST_AUTO_TEST_SUITE(flow_filter)

BOOST_AUTO_TEST_CASE(no_words_let_everything_through) {
    BOOST_TEST(fits({}));
}

BOOST_AUTO_TEST_CASE(one_word_of_each_kind) {
    BOOST_TEST(fits({"state", "established"}));
    BOOST_TEST(!fits({"state", "closed"}));
    BOOST_TEST(fits({"target", "i-1"}));
    BOOST_TEST(!fits({"target", "i-10"}));
    BOOST_TEST(fits({"listener", "listener/1"}));
    BOOST_TEST(!fits({"listener", "listener"}));
}

BOOST_AUTO_TEST_CASE(addresses_with_and_without_ports) {
    BOOST_TEST(fits({"src", "192.0.2.7"}));
    BOOST_TEST(fits({"src", "192.0.2.7:40000"}));
    BOOST_TEST(!fits({"src", "192.0.2.7:40001"}));
    BOOST_TEST(!fits({"src", "192.0.2.8"}));
    BOOST_TEST(!fits({"dst", "192.0.2.7"}));
    BOOST_TEST(fits({"dst", "2001:db8::1"}));
    BOOST_TEST(fits({"dst", "[2001:db8::1]"}));
    BOOST_TEST(fits({"dst", "[2001:0db8:0::1]:443"}));
    BOOST_TEST(!fits({"dst", "[2001:db8::1]:80"}));
    BOOST_TEST(!fits({"dst", "2001:db8::1:443"}));
}

BOOST_AUTO_TEST_CASE(all_words_must_fit) {
    BOOST_TEST(fits({"state", "established", "src", "192.0.2.7", "target", "i-1"}));
    BOOST_TEST(!fits({"state", "established", "src", "192.0.2.7", "target", "i-2"}));
}

BOOST_AUTO_TEST_CASE(the_last_of_one_kind_counts) {
    BOOST_TEST(fits({"state", "closed", "state", "established"}));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_understood_is_named) {
    BOOST_TEST(refusal({"state"}).find("'state'") != std::string::npos);
    BOOST_TEST(refusal({"state", "open"}).find("'open'") != std::string::npos);
    BOOST_TEST(refusal({"sport", "80"}).find("'sport'") != std::string::npos);
    BOOST_TEST(refusal({"src", "example.com"}).find("'example.com'") != std::string::npos);
    for (const std::string where : {"192.0.2.7:", "192.0.2.7:x", "192.0.2.7:65536", "192.0.2.7:-1",
                                    "[2001:db8::1]:", ":80", "[]", ""})
        BOOST_TEST(!refusal({"src", where}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
