// SPDX-License-Identifier: Apache-2.0
#include "capture/link.hpp"
#include "capture/reader.hpp"
#include "capture/writer.hpp"

#include <boost/test/unit_test.hpp>

#include <cstring>

using namespace nlb::capture;

namespace {

constexpr nlb::Nanos kTime{1'700'000'000'123'456'789};

std::uint32_t word(const std::string& bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i)
        value |= std::uint32_t{static_cast<std::uint8_t>(bytes.at(at + i))} << (8 * i);
    return value;
}

struct Block {
    std::uint32_t type;
    std::string body;
};

/// Every block of a pcapng file; both lengths of each must agree.
std::vector<Block> blocks(const std::string& file) {
    std::vector<Block> out;
    for (std::size_t at = 0; at < file.size();) {
        const std::uint32_t length = word(file, at + 4);
        BOOST_REQUIRE(length >= 12 && length % 4 == 0 && at + length <= file.size());
        BOOST_TEST(word(file, at + length - 4) == length);
        out.push_back({word(file, at), file.substr(at + 8, length - 12)});
        at += length;
    }
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(capture_writer)

BOOST_AUTO_TEST_CASE(what_either_format_writes_the_reader_reads) {
    for (const WriterFormat format : {WriterFormat::Pcap, WriterFormat::Pcapng}) {
        Writer writer(format);
        const std::vector<std::uint8_t> odd(301, 7);
        writer.put(kTime, odd, "a comment");
        writer.put(kTime + nlb::Nanos{1}, {});
        const std::string file = writer.drain();
        auto reader =
            Reader::open(nlb::compress::memory_source(
                             {reinterpret_cast<const std::uint8_t*>(file.data()), file.size()}))
                .value();
        const Packet* packet = reader.next().value();
        BOOST_REQUIRE(packet != nullptr);
        BOOST_TEST(packet->time.ns == kTime.ns);
        BOOST_TEST(packet->bytes == odd, boost::test_tools::per_element());
        BOOST_TEST(packet->link_type == kLinkEthernet);
        packet = reader.next().value();
        BOOST_REQUIRE(packet != nullptr);
        BOOST_TEST(packet->time.ns == kTime.ns + 1);
        BOOST_TEST(packet->bytes.empty());
        BOOST_TEST((reader.next().value() == nullptr));
    }
}

BOOST_AUTO_TEST_CASE(comments_stand_with_their_packets) {
    Writer writer(WriterFormat::Pcapng);
    const std::vector<std::uint8_t> frame(60, 1);
    for (const std::string text : {"", "1", "four", "packet 9: forward"})
        writer.put(kTime, frame, text);
    const auto all = blocks(writer.drain());
    BOOST_REQUIRE_EQUAL(all.size(), 6U);
    BOOST_TEST(all[0].type == 0x0a0d0d0aU);
    BOOST_TEST(all[1].type == 1U);
    BOOST_TEST(all[2].body.size() == 20U + 60U); // no options at all
    const std::string wanted[] = {"1", "four", "packet 9: forward"};
    for (std::size_t i = 0; i < 3; ++i) {
        const std::string& body = all[3 + i].body;
        const std::size_t length = wanted[i].size();
        BOOST_TEST(word(body, 80) == (1U | length << 16U)); // opt_comment
        BOOST_TEST(body.substr(84, length) == wanted[i]);
        BOOST_TEST(word(body, body.size() - 4) == 0U); // opt_endofopt
    }
}

BOOST_AUTO_TEST_CASE(a_comment_too_long_for_an_option_is_cut) {
    Writer writer(WriterFormat::Pcapng);
    writer.put(kTime, std::vector<std::uint8_t>(4, 1), std::string(70'000, 'x'));
    const auto all = blocks(writer.drain());
    BOOST_REQUIRE_EQUAL(all.size(), 3U);
    BOOST_TEST(word(all[2].body, 24) == (1U | 0xffffU << 16U));
}

BOOST_AUTO_TEST_SUITE_END()
