// SPDX-License-Identifier: Apache-2.0
#include "accesslog/line_index.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>

using nlb::accesslog::LineIndex;

BOOST_AUTO_TEST_SUITE(accesslog_line_index)

BOOST_AUTO_TEST_CASE(it_finds_what_a_plain_loop_finds) {
    std::mt19937 random(7); // NOLINT(cert-msc51-cpp): the same texts in every run
    LineIndex index;
    for (int round = 0; round < 600; ++round) {
        std::string text;
        const auto length = random() % 700;
        const char letters[] = {'a', 'b', ' ', '\n', 'c', 'd', 'e', '\r'};
        for (std::size_t i = 0; i < length; ++i)
            text += letters[random() % (round / 3 % 2 == 0 ? 8U : 5U)];
        text += '\n';
        // Narrower vectors are for machines that have no wider ones.
        index.build(text, static_cast<LineIndex::Width>(round % 3));
        std::size_t line = 0;
        std::size_t begin = 0;
        bool has_empty = text[0] == ' ' || text[0] == '\n';
        for (std::size_t at = 0; at < text.size(); ++at) {
            const auto is_separator = [&](std::size_t i) {
                return text[i] == ' ' || text[i] == '\n';
            };
            has_empty |= at > 0 && is_separator(at) && is_separator(at - 1);
            if (text[at] != '\n') continue;
            BOOST_REQUIRE(line < index.lines());
            const LineIndex::Line found = index.line(line++);
            BOOST_TEST(found.begin == begin);
            BOOST_TEST(found.end == at);
            std::uint32_t spaces = 0;
            for (std::size_t i = begin; i < at; ++i) {
                if (text[i] == ' ') BOOST_TEST(found.spaces[spaces++] == i);
            }
            BOOST_TEST(found.count == spaces);
            BOOST_TEST(found.spaces[spaces] == at);
            begin = at + 1;
        }
        BOOST_TEST(index.lines() == line);
        BOOST_TEST(index.has_empty() == has_empty);
    }
}

BOOST_AUTO_TEST_CASE(nothing_has_no_lines) {
    LineIndex index;
    index.build("");
    BOOST_TEST(index.lines() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
