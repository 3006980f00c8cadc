// SPDX-License-Identifier: Apache-2.0
#include "support/capture_builder.hpp"

#include "capture/link.hpp"
#include "capture/reader.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb::test;
using nlb::capture::Packet;
using nlb::capture::Reader;

namespace {

/// A packet with bytes of its own.
struct Kept : Packet {
    std::vector<std::uint8_t> bytes;
};

struct Outcome {
    std::vector<Kept> packets;
    std::string error; ///< empty: the end was reached
};

/// A source that gives `step` bytes at a time, as a pipe may.
nlb::compress::ByteSource dripping(const std::string& bytes, std::size_t step) {
    return [bytes, step,
            at = std::size_t{0}](std::span<std::uint8_t> out) mutable -> nlb::Result<std::size_t> {
        const std::size_t n = std::min({step, out.size(), bytes.size() - at});
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), n, out.begin());
        at += n;
        return n;
    };
}

Outcome read(const std::string& bytes, std::size_t step = 1 << 20) {
    Outcome outcome;
    auto reader = Reader::open(dripping(bytes, step));
    if (!reader) {
        outcome.error = reader.error().text();
        return outcome;
    }
    while (true) {
        auto packet = reader->next();
        if (!packet) outcome.error = packet.error().text();
        if (!packet || *packet == nullptr) return outcome;
        const auto captured = (*packet)->bytes;
        outcome.packets.push_back({**packet, {captured.begin(), captured.end()}});
    }
}

std::string text_of(const Kept& packet) {
    return {packet.bytes.begin(), packet.bytes.end()};
}

std::string three_packets(bool big_endian = false) {
    return CaptureBuilder(big_endian)
        .pcap_header(0xa1b2c3d4, 1)
        .pcap_packet(10, 999'999, "first")
        .pcap_packet(11, 1, "")
        .pcap_packet(0xffffffff, 0, "third")
        .str();
}

void expect_three(const Outcome& outcome) {
    BOOST_TEST(outcome.error == "");
    BOOST_REQUIRE_EQUAL(outcome.packets.size(), 3U);
    BOOST_TEST(text_of(outcome.packets[0]) == "first");
    BOOST_TEST(outcome.packets[0].time.ns == 10'999'999'000);
    BOOST_TEST(outcome.packets[1].bytes.empty());
    BOOST_TEST(outcome.packets[2].time.ns == 4'294'967'295'000'000'000);
    BOOST_TEST(outcome.packets[2].number == 3U);
}

} // namespace

BOOST_AUTO_TEST_SUITE(capture_reader)

BOOST_AUTO_TEST_CASE(pcap_is_read_in_both_orders_and_resolutions) {
    expect_three(read(three_packets(false)));
    expect_three(read(three_packets(true)));
    for (const bool big : {false, true}) {
        const auto outcome =
            read(CaptureBuilder(big).pcap_header(0xa1b23c4d, 101).pcap_packet(10, 7, "x").str());
        BOOST_REQUIRE_EQUAL(outcome.packets.size(), 1U);
        BOOST_TEST(outcome.packets[0].time.ns == 10'000'000'007);
        BOOST_TEST(outcome.packets[0].link_type == 101);
    }
}

BOOST_AUTO_TEST_CASE(compressed_files_of_several_members_are_one_stream_of_bytes) {
    const std::string plain = three_packets();
    const std::string head = plain.substr(0, 33);
    const std::string tail = plain.substr(33);
    expect_three(read(gzip(plain)));
    expect_three(read(gzip(head) + gzip("") + gzip(tail)));
    expect_three(read(zstd(plain)));
    expect_three(read(zstd(head) + zstd(tail)));
}

BOOST_AUTO_TEST_CASE(a_byte_at_a_time_is_enough) {
    for (const std::string& bytes : {three_packets(), gzip(three_packets()), zstd(three_packets())})
        expect_three(read(bytes, 1));
}

BOOST_AUTO_TEST_CASE(interfaces_of_a_pcapng_differ_in_link_type_and_resolution) {
    for (const bool big : {false, true}) {
        CaptureBuilder file(big);
        file.section()
            .interface(1)
            .interface(113, file.option(9, "\x09") + file.option(0, ""))
            .interface(276, file.option(9, std::string(1, '\x8a')) +
                                file.option(14, CaptureBuilder(big).u64(1000).str()))
            .enhanced(0, 1'500'000, "microseconds")
            .block(0x0bad, "a block of an unknown kind")
            .enhanced(1, 1'500'000'000, "nanoseconds")
            .enhanced(2, 1536, "in 1024ths, 1000 s later")
            .block(3, CaptureBuilder(big).u32(3).text("sim").str())
            .section()
            .interface(101)
            .enhanced(0, 2'000'000, "another section");
        const auto outcome = read(file.str());
        BOOST_TEST(outcome.error == "");
        BOOST_REQUIRE_EQUAL(outcome.packets.size(), 5U);
        const std::pair<std::uint16_t, std::int64_t> wanted[] = {{1, 1'500'000'000},
                                                                 {113, 1'500'000'000},
                                                                 {276, 1'001'500'000'000},
                                                                 {1, 1'001'500'000'000},
                                                                 {101, 2'000'000'000}};
        for (std::size_t i = 0; i < 5; ++i) {
            BOOST_TEST(outcome.packets[i].link_type == wanted[i].first);
            BOOST_TEST(outcome.packets[i].time.ns == wanted[i].second);
        }
        BOOST_TEST(text_of(outcome.packets[3]) == "sim");
    }
}

BOOST_AUTO_TEST_CASE(a_truncated_file_gives_what_is_whole_and_then_says_where_it_ends) {
    const std::string plain = three_packets();
    for (std::size_t cut = 24; cut < plain.size(); ++cut) {
        const auto outcome = read(plain.substr(0, cut));
        const bool at_a_boundary = cut == 24 || cut == 45 || cut == 61;
        BOOST_TEST(outcome.error.empty() == at_a_boundary);
        BOOST_TEST(outcome.packets.size() == (cut < 45 ? 0U : cut < 61 ? 1U : 2U));
    }
    const auto outcome = read(plain.substr(0, plain.size() - 1));
    BOOST_TEST(outcome.error == "packet 3: the file ends inside a packet: 4 of 5 bytes");
    for (const std::string& packed : {gzip(plain), zstd(plain)}) {
        const auto cut = read(packed.substr(0, packed.size() - 3));
        BOOST_TEST(cut.error.find("too early") != std::string::npos, cut.error);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_capture_is_refused_in_one_sentence) {
    const std::pair<std::string, std::string> rows[] = {
        {"", "the file is empty; pcap or pcapng is expected"},
        {"ab", "the file ends inside the magic number: 2 of 4 bytes"},
        {"#!/bin/sh", "neither pcap nor pcapng: it begins with '#!/b'"},
        {CaptureBuilder().u32(0xa1b2c3d4).u16(3).u16(0).u64(0).u64(0).str(),
         "pcap version 3; 2 is known"},
        {CaptureBuilder().u32(0x0a0d0d0a).u32(28).u64(0).u64(0).str(),
         "a section header without byte-order magic"},
        {gzip("") + "x", "the file ends inside the magic number"},
    };
    for (const auto& [bytes, error] : rows) {
        const auto outcome = read(bytes);
        BOOST_TEST(outcome.packets.empty());
        BOOST_TEST(!outcome.error.empty());
        if (bytes.substr(0, 2) != "\x1f\x8b") BOOST_TEST(outcome.error == error);
    }
}

BOOST_AUTO_TEST_CASE(lengths_that_cannot_be_are_refused_before_memory_is_taken) {
    const auto huge = read(CaptureBuilder()
                               .pcap_header(0xa1b2c3d4, 1)
                               .u32(1)
                               .u32(1)
                               .u32(0x7fffffff)
                               .u32(0x7fffffff)
                               .str());
    BOOST_TEST(huge.error ==
               "packet 1: a packet of 2147483647 captured bytes; at most 262144 are read");
    CaptureBuilder pcapng;
    pcapng.section().interface(1).block(
        6, CaptureBuilder().u32(0).u64(0).u32(100).u32(100).text("ten bytes.").str());
    BOOST_TEST(read(pcapng.str()).error ==
               "packet 1: a packet of 100 bytes in a block with room for 12");
    CaptureBuilder stranger;
    stranger.section().enhanced(3, 0, "x");
    BOOST_TEST(read(stranger.str()).error ==
               "packet 1: a packet of interface 3, which is not described");
    BOOST_TEST(read(CaptureBuilder().section().u32(6).u32(11).str()).error ==
               "packet 1: a block of 11 bytes; at least 12 and a multiple of 4 are allowed");
}

BOOST_AUTO_TEST_CASE(other_link_types_become_ethernet) {
    using Bytes = std::vector<std::uint8_t>;
    const Bytes ip{0x45, 1, 2, 3};
    const auto with = [&](Bytes header) {
        header.insert(header.end(), ip.begin(), ip.end());
        return header;
    };
    const Bytes plain = with({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0});
    const Bytes sent = with({0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 8, 0});

    const struct {
        std::uint16_t link;
        Bytes packet;
        Bytes frame;
    } rows[] = {
        {1, plain, plain},
        {101, ip, plain},
        {0, with({2, 0, 0, 0}), plain},
        {9, with({0xff, 3, 0, 0x21}), plain},
        {9, with({0, 0x21}), plain},
        {113, with({0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0}), sent},
        {113, with({0, 0, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0}), plain},
        {276, with({8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0}), sent},
    };

    Bytes frame;
    for (const auto& row : rows) {
        BOOST_TEST(nlb::capture::to_ethernet(row.link, row.packet, frame));
        BOOST_TEST(frame == row.frame, boost::test_tools::per_element());
    }
    BOOST_TEST(!nlb::capture::to_ethernet(113, ip, frame));
    BOOST_TEST(!nlb::capture::to_ethernet(276, ip, frame));
    BOOST_TEST(!nlb::capture::to_ethernet(0, Bytes{1, 2}, frame));
    BOOST_TEST(!nlb::capture::to_ethernet(9, Bytes{0xff}, frame));
    BOOST_TEST(!nlb::capture::to_ethernet(147, ip, frame));
    BOOST_TEST(frame.empty());
}

BOOST_AUTO_TEST_SUITE_END()
