// SPDX-License-Identifier: Apache-2.0
#include "wire/tcp_stream.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>

using nlb::wire::TcpGap;
using nlb::wire::TcpSegment;
using nlb::wire::TcpStream;
using State = TcpStream::State;

namespace {

TcpSegment segment(std::uint32_t sequence, std::string_view text, bool fin = false) {
    return {sequence,
            false,
            fin,
            false,
            {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}};
}

TcpSegment syn(std::uint32_t sequence) {
    return {sequence, true, false, false, {}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(wire_tcp_stream)

BOOST_AUTO_TEST_CASE(segments_in_order_are_the_stream) {
    TcpStream stream;
    stream.feed(syn(99));
    stream.feed(segment(100, "hello "));
    stream.feed(segment(106, "world", true));
    BOOST_TEST(stream.drain() == "hello world");
    BOOST_TEST((stream.state() == State::Finished));
    BOOST_TEST(stream.gaps().empty());
}

BOOST_AUTO_TEST_CASE(order_of_arrival_is_of_no_consequence) {
    TcpStream stream;
    stream.feed(syn(99));
    stream.feed(segment(106, "world", true));
    BOOST_TEST(stream.drain() == "");
    BOOST_TEST((stream.state() == State::Open));
    stream.feed(segment(100, "hello "));
    BOOST_TEST(stream.drain() == "hello world");
    BOOST_TEST((stream.state() == State::Finished));
}

BOOST_AUTO_TEST_CASE(data_in_the_syn_is_the_beginning) {
    TcpStream stream;
    TcpSegment opening = segment(99, "fast ");
    opening.syn = true;
    stream.feed(opening);
    stream.feed(segment(105, "open"));
    BOOST_TEST(stream.drain() == "fast open");
}

BOOST_AUTO_TEST_CASE(of_bytes_that_come_twice_the_first_copy_counts) {
    TcpStream stream;
    stream.feed(syn(99));
    stream.feed(segment(104, "EFGH"));
    stream.feed(segment(100, "abcdefghijkl"));
    BOOST_TEST(stream.drain() == "abcdEFGHijkl");
    BOOST_TEST(stream.repeated_bytes() == 4U);
    stream.feed(segment(102, "XXXXXXXXXXmn"));
    BOOST_TEST(stream.drain() == "mn");
    BOOST_TEST(stream.repeated_bytes() == 14U);
}

BOOST_AUTO_TEST_CASE(sequence_numbers_wrap) {
    TcpStream stream;
    stream.feed(syn(0xfffffffcU));
    stream.feed(segment(1, "efgh"));
    stream.feed(segment(0xfffffffdU, "abcd"));
    BOOST_TEST(stream.drain() == "abcdefgh");
    BOOST_TEST(stream.offset() == 8U);
}

BOOST_AUTO_TEST_CASE(a_stream_met_in_its_middle_begins_there) {
    TcpStream stream;
    stream.feed(segment(5000, "middle"));
    stream.feed(segment(4990, "before"));
    stream.feed(segment(5006, " end"));
    BOOST_TEST(stream.drain() == "middle end");
}

BOOST_AUTO_TEST_CASE(a_gap_that_costs_too_much_memory_is_given_up_and_told) {
    TcpStream stream(10);
    stream.feed(syn(99));
    stream.feed(segment(105, "fghij"));
    BOOST_TEST(stream.drain() == "");
    BOOST_TEST(stream.held_bytes() == 5U);
    stream.feed(segment(110, "klmnop"));
    BOOST_TEST(stream.drain() == "fghijklmnop");
    BOOST_TEST(stream.held_bytes() == 0U);
    BOOST_REQUIRE_EQUAL(stream.gaps().size(), 1U);
    BOOST_TEST((stream.gaps()[0] == TcpGap{0, 5}));
}

BOOST_AUTO_TEST_CASE(giving_up_delivers_what_is_held_around_its_gaps) {
    TcpStream stream;
    stream.feed(syn(99));
    stream.feed(segment(102, "c"));
    stream.feed(segment(104, "e"));
    stream.feed(segment(106, "", true));
    stream.give_up();
    BOOST_TEST(stream.drain() == "ce");
    BOOST_TEST((stream.gaps() == std::vector<TcpGap>{{0, 2}, {3, 1}, {5, 1}}));
    BOOST_TEST((stream.state() == State::Finished));
}

BOOST_AUTO_TEST_CASE(nothing_comes_after_a_fin_or_a_reset) {
    TcpStream stream;
    stream.feed(syn(99));
    stream.feed(segment(103, "later, wrongly"));
    stream.feed(segment(100, "abc", true));
    stream.feed(segment(103, "more"));
    BOOST_TEST(stream.drain() == "abc");
    BOOST_TEST((stream.state() == State::Finished));
    TcpStream aborted;
    aborted.feed(syn(99));
    aborted.feed(segment(100, "abc"));
    aborted.feed(segment(104, "held"));
    aborted.feed({103, false, false, true, {}});
    aborted.feed(segment(103, "d"));
    BOOST_TEST(aborted.drain() == "abc");
    BOOST_TEST((aborted.state() == State::Reset));
    BOOST_TEST(aborted.held_bytes() == 0U);
}

BOOST_AUTO_TEST_CASE(any_order_with_any_overlap_makes_the_same_stream) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        std::mt19937_64 random(seed);
        std::string text(5000, ' ');
        for (char& c : text)
            c = static_cast<char>('a' + random() % 26);
        const auto first = static_cast<std::uint32_t>(random());
        std::vector<TcpSegment> segments;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t length = std::min<std::size_t>(1 + random() % 200, text.size() - at);
            const std::size_t back = std::min<std::size_t>(at, random() % 50);
            const bool last = at + length == text.size();
            segments.push_back(segment(first + 1 + static_cast<std::uint32_t>(at - back),
                                       std::string_view(text).substr(at - back, length + back),
                                       last));
            at += length;
        }
        std::shuffle(segments.begin(), segments.end(), random);
        TcpStream stream;
        stream.feed(syn(first));
        for (const TcpSegment& piece : segments)
            stream.feed(piece);
        BOOST_TEST(stream.drain() == text);
        BOOST_TEST((stream.state() == State::Finished), "seed " << seed);
    }
}

BOOST_AUTO_TEST_SUITE_END()
