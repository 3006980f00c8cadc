// SPDX-License-Identifier: Apache-2.0
#include "capture/segment.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using nlb::capture::read_segment;

namespace {

using Bytes = std::vector<std::uint8_t>;

/// Ethernet, IPv4 and a TCP header with 4 bytes of options, then `payload`.
Bytes frame(std::uint8_t flags, const std::string& payload, std::uint8_t protocol = 6,
            std::uint8_t fragment = 0x40) {
    const auto length = static_cast<std::uint8_t>(20 + 24 + payload.size());
    Bytes bytes(12, 0);
    const Bytes headers{
        8,    0,                                                        // IPv4
        0x45, 0,        0,    length, 0,   1, fragment, 0,              // DF
        64,   protocol, 0,    0,      192, 0, 2,        1, 10, 0, 0, 1, // 192.0.2.1 > 10.0.0.1
        0x9c, 0x40,     0x1f, 0x90,                                     // 40000 > 8080
        0,    0,        0x10, 0,      0,   0, 0,        9,              // sequence, acknowledgment
        0x60, flags,    0xff, 0xff,   0,   0, 0,        0,              // 24 bytes of header
        1,    1,        1,    1};
    bytes.insert(bytes.end(), headers.begin(), headers.end());
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return bytes;
}

std::string payload_of(const nlb::capture::Segment& segment) {
    return {segment.tcp.payload.begin(), segment.tcp.payload.end()};
}

} // namespace

BOOST_AUTO_TEST_SUITE(capture_segment)

BOOST_AUTO_TEST_CASE(a_packet_without_a_byte_is_no_segment) {
    BOOST_TEST(!read_segment({}).has_value()); // found by the fuzzer
}

BOOST_AUTO_TEST_CASE(a_segment_is_read) {
    const Bytes bytes = frame(0x11, "hello");
    const auto segment = read_segment(bytes);
    BOOST_REQUIRE(segment.has_value());
    BOOST_TEST(segment->from.text() == "192.0.2.1:40000");
    BOOST_TEST(segment->to.text() == "10.0.0.1:8080");
    BOOST_TEST(segment->ack);
    BOOST_TEST(segment->tcp.fin);
    BOOST_TEST(!segment->tcp.syn);
    BOOST_TEST(!segment->tcp.rst);
    BOOST_TEST(segment->tcp.sequence == 0x1000U);
    BOOST_TEST(payload_of(*segment) == "hello");
}

BOOST_AUTO_TEST_CASE(padding_is_no_payload_and_what_was_not_captured_is_missing) {
    Bytes padded = frame(0x02, "");
    padded.resize(padded.size() + 10);
    BOOST_TEST(payload_of(*read_segment(padded)) == "");
    Bytes cut = frame(0x10, "hello");
    cut.resize(cut.size() - 3);
    BOOST_TEST(payload_of(*read_segment(cut)) == "he");
    cut.resize(cut.size() - 10); // options are missing, too
    const auto segment = read_segment(cut);
    BOOST_TEST((!segment || segment->tcp.payload.empty()));
}

BOOST_AUTO_TEST_CASE(other_frames_are_none) {
    BOOST_TEST(!read_segment({}).has_value());
    BOOST_TEST(!read_segment(frame(0x10, "x", 17)).has_value());
    BOOST_TEST(!read_segment(frame(0x10, "x", 6, 0x20)).has_value()); // a first fragment
    Bytes short_header = frame(0x10, "x");
    short_header.resize(14 + 20 + 10);
    BOOST_TEST(!read_segment(short_header).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
