// SPDX-License-Identifier: Apache-2.0
#include "health/matcher.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

using nlb::health::Matcher;

BOOST_AUTO_TEST_SUITE(health_matcher)

BOOST_AUTO_TEST_CASE(lists_and_ranges_pass_what_they_name) {
    struct Row {
        const char* text;
        std::vector<unsigned> passes;
        std::vector<unsigned> fails;
    };

    const std::vector<Row> rows{
        {"200", {200}, {201, 199, 0, 599}},
        {"200-399", {200, 301, 399}, {400, 404, 500, 100, 999}},
        {"200,202", {200, 202}, {201, 203}},
        {"200-204,301,500-599", {200, 204, 301, 500, 599}, {205, 300, 302, 499, 600}},
        {"599", {599}, {598, 600}},
    };
    for (const Row& row : rows) {
        const auto matcher = Matcher::parse(row.text);
        BOOST_REQUIRE(matcher.has_value());
        BOOST_TEST(matcher->text() == row.text);
        for (const unsigned code : row.passes)
            BOOST_TEST(matcher->passes(code), row.text << " must pass " << code);
        for (const unsigned code : row.fails)
            BOOST_TEST(!matcher->passes(code), row.text << " must not pass " << code);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_list_is_refused_by_name) {
    for (const char* text : {"", "199", "600", "200-", "-299", "299-200", "200,", ",200", "2xx",
                             "200 ", "200-299-300", "0200", "+200", "200;202"}) {
        const auto matcher = Matcher::parse(text);
        BOOST_REQUIRE_MESSAGE(!matcher.has_value(), "accepted: " << text);
        BOOST_TEST(matcher.error().attempt.find("from 200 to 599") != std::string::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()
