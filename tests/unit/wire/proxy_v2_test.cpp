// SPDX-License-Identifier: Apache-2.0
#include "wire/crc32c.hpp"
#include "wire/proxy_v2.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>

using namespace nlb;
using namespace nlb::wire;

namespace {

using Progress = ProxyDecoded::Progress;

/// A header that the service sent for a connection through a VPC endpoint: 03 checksum, EA endpoint
/// id, 04 filling.
std::string golden() {
    std::string bytes(
        "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x54\xac\x1f\x07\x71\xac\x1f\x0a\x1f\xc8\xf2\x00\x50"
        "\x03\x00\x04\xe8\xd6\x89\x2d\xea\x00\x17\x01vpce-08d2bf15fac5001c9\x04\x00\x24",
        64);
    return bytes + std::string(36, '\0');
}

Endpoint at(const char* address, std::uint16_t port) {
    return {*IpAddress::parse(address), port};
}

std::string encoded(const ProxyEncoder& encoder, const Endpoint& source,
                    const Endpoint& destination,
                    ProxyTransport transport = ProxyTransport::Stream) {
    std::string out;
    encoder.append(transport, source, destination, out);
    return out;
}

ProxyEncoder plain() {
    return *ProxyEncoder::make({});
}

const Endpoint kSource = at("192.0.2.1", 40000);
const Endpoint kDestination = at("198.51.100.1", 443);

/// A header with these two bytes 12 and 13 and this block.
std::string raw(char command, char family, const std::string& block) {
    std::string out(kProxyV2Local.substr(0, 12));
    out += {command, family, static_cast<char>(block.size() >> 8U),
            static_cast<char>(block.size() & 0xffU)};
    return out + block;
}

const std::string kBlock4(12, '\1');

} // namespace

BOOST_AUTO_TEST_SUITE(wire_proxy_v2)

BOOST_AUTO_TEST_CASE(the_checksum_is_that_of_rfc_3720) {
    BOOST_TEST(crc32c("123456789") == 0xe3069283U);
    BOOST_TEST(crc32c(std::string(32, '\0')) == 0x8a9136aaU);
    BOOST_TEST(crc32c("") == 0U);
}

BOOST_AUTO_TEST_CASE(a_header_of_the_service_is_written_as_it_was_sent) {
    const auto encoder = ProxyEncoder::aws("vpce-08d2bf15fac5001c9");
    BOOST_REQUIRE(encoder.has_value());
    const std::string out = encoded(*encoder, at("172.31.7.113", 51442), at("172.31.10.31", 80));
    BOOST_TEST((out == golden()));
}

BOOST_AUTO_TEST_CASE(a_header_of_the_service_is_read) {
    const ProxyDecoded got = decode_proxy_header(golden() + "GET / HTTP/1.1\r\n");
    BOOST_REQUIRE((got.progress == Progress::Complete));
    BOOST_TEST(got.size == 100U);
    BOOST_TEST(!got.header.is_local);
    BOOST_TEST((got.header.family == ProxyFamily::Inet));
    BOOST_TEST((got.header.transport == ProxyTransport::Stream));
    BOOST_TEST(got.header.source.text() == "172.31.7.113:51442");
    BOOST_TEST(got.header.destination.text() == "172.31.10.31:80");
    BOOST_TEST(got.header.has_right_checksum);
    BOOST_TEST(got.header.vpc_endpoint_id().value_or("") == "vpce-08d2bf15fac5001c9");
    BOOST_REQUIRE(got.header.tlvs.size() == 3U);
    BOOST_TEST(got.header.tlvs[2].type == ProxyTlv::kNoop);
}

BOOST_AUTO_TEST_CASE(without_an_endpoint_the_service_fills_up_to_the_same_length) {
    const std::string out = encoded(*ProxyEncoder::aws(""), kSource, kDestination);
    BOOST_TEST(out.size() == 100U);
    const ProxyDecoded got = decode_proxy_header(out);
    BOOST_REQUIRE((got.progress == Progress::Complete));
    BOOST_TEST(!got.header.vpc_endpoint_id().has_value());
    BOOST_REQUIRE(got.header.tlvs.size() == 2U);
    BOOST_TEST(got.header.tlvs[1].value.size() == 62U);
}

BOOST_AUTO_TEST_CASE(every_family_and_protocol_comes_back) {
    struct Row {
        Endpoint source, destination;
        std::size_t size;
        const char* read_source;
    };

    const Endpoint v6 = at("2001:db8::1", 1), other6 = at("2001:db8::2", 65535);
    for (const Row& row :
         {Row{kSource, kDestination, 28, "192.0.2.1:40000"}, Row{v6, other6, 52, "[2001:db8::1]:1"},
          Row{kSource, other6, 52, "[::ffff:192.0.2.1]:40000"}}) {
        for (const auto transport : {ProxyTransport::Stream, ProxyTransport::Datagram}) {
            const std::string out = encoded(plain(), row.source, row.destination, transport);
            BOOST_TEST(out.size() == row.size);
            const ProxyDecoded got = decode_proxy_header(out);
            BOOST_REQUIRE((got.progress == Progress::Complete));
            BOOST_TEST((got.header.transport == transport));
            BOOST_TEST(got.header.source.text() == row.read_source);
            BOOST_TEST(got.header.destination.port == row.destination.port);
            BOOST_TEST(!got.header.has_right_checksum);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_prefix_of_a_header_is_short_and_what_follows_it_is_not_looked_at) {
    const std::string whole = golden();
    for (std::size_t n = 0; n < whole.size(); ++n)
        BOOST_TEST((decode_proxy_header(whole.substr(0, n)).progress == Progress::Short));
    BOOST_TEST(decode_proxy_header(whole + whole).size == whole.size());
}

BOOST_AUTO_TEST_CASE(local_is_skipped_with_whatever_it_carries) {
    for (const std::string& bytes :
         {std::string(kProxyV2Local), raw('\x20', '\x11', kBlock4), raw('\x20', '\x7f', "?")}) {
        const ProxyDecoded got = decode_proxy_header(bytes + "data");
        BOOST_REQUIRE((got.progress == Progress::Complete));
        BOOST_TEST(got.header.is_local);
        BOOST_TEST(got.size == bytes.size());
        BOOST_TEST((got.header.family == ProxyFamily::Unspecified));
    }
}

BOOST_AUTO_TEST_CASE(an_unspecified_family_is_skipped) {
    const ProxyDecoded got = decode_proxy_header(raw('\x21', '\x00', "anything"));
    BOOST_REQUIRE((got.progress == Progress::Complete));
    BOOST_TEST(!got.header.is_local);
    BOOST_TEST(got.size == 24U);
    BOOST_TEST(got.header.tlvs.empty());
}

BOOST_AUTO_TEST_CASE(names_of_unix_sockets_end_at_a_zero_byte) {
    const std::string block = "/run/a" + std::string(102, '\0') + "/run/b" + std::string(102, '\0');
    const ProxyDecoded got = decode_proxy_header(raw('\x21', '\x31', block));
    BOOST_REQUIRE((got.progress == Progress::Complete));
    BOOST_TEST(got.header.source_path == "/run/a");
    BOOST_TEST(got.header.destination_path == "/run/b");
    const std::string full(216, 'x');
    BOOST_TEST(decode_proxy_header(raw('\x21', '\x32', full)).header.source_path ==
               std::string(108, 'x'));
}

BOOST_AUTO_TEST_CASE(what_is_no_header_is_told_with_its_place) {
    std::string bad_sum = golden();
    bad_sum[99] = 1;

    struct Row {
        std::string bytes;
        const char* why;
    };

    for (const Row& row : {
             Row{"GET / HTTP/1.1\r\n", "byte 0: not the signature"},
             Row{"\r\n\r\n\r", "byte 4: not the signature"},
             Row{"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "byte 0: not the signature"},
             Row{raw('\x11', '\x11', kBlock4), "byte 12: version 1, not 2"},
             Row{raw('\x22', '\x11', kBlock4), "byte 12: unknown command 2"},
             Row{raw('\x21', '\x41', kBlock4), "byte 13: unknown family 4"},
             Row{raw('\x21', '\x13', kBlock4), "byte 13: unknown protocol 3"},
             Row{raw('\x21', '\x10', kBlock4),
                 "byte 13: family and protocol are not both specified"},
             Row{raw('\x21', '\x01', kBlock4),
                 "byte 13: family and protocol are not both specified"},
             Row{raw('\x21', '\x11', "short"),
                 "byte 14: length 5 is less than the addresses of the family"},
             Row{raw('\x21', '\x21', kBlock4),
                 "byte 14: length 12 is less than the addresses of the family"},
             Row{raw('\x21', '\x11', kBlock4 + "\x04"),
                 "byte 28: a type-length-value is cut short"},
             Row{raw('\x21', '\x11', kBlock4 + std::string("\x04\x00\x02x", 4)),
                 "byte 28: a type-length-value goes beyond the header"},
             Row{raw('\x21', '\x11', kBlock4 + std::string("\x03\x00\x01x", 4)),
                 "byte 28: a checksum has 4 bytes"},
             Row{raw('\x21', '\x11', kBlock4 + std::string("\x03\0\4abcd\x03\0\4abcd", 14)),
                 "byte 35: a second checksum"},
             Row{bad_sum, "byte 31: the checksum is wrong"},
         }) {
        const ProxyDecoded got = decode_proxy_header(row.bytes);
        BOOST_TEST((got.progress == Progress::Malformed));
        BOOST_TEST(got.why == row.why);
        BOOST_TEST(got.size == 0U);
    }
}

BOOST_AUTO_TEST_CASE(type_length_values_keep_their_order_and_bytes) {
    const std::vector<ProxyTlv> tlvs{{ProxyTlv::kAuthority, "example.com"},
                                     {0xe0, std::string("\0\xff", 2)},
                                     {ProxyTlv::kUniqueId, ""},
                                     {0xe0, "again"}};
    const auto encoder = ProxyEncoder::make({true, tlvs, 0});
    const ProxyDecoded got = decode_proxy_header(encoded(*encoder, kSource, kDestination));
    BOOST_REQUIRE((got.progress == Progress::Complete));
    BOOST_TEST(got.header.has_right_checksum);
    BOOST_REQUIRE(got.header.tlvs.size() == 5U);
    BOOST_TEST((std::vector(got.header.tlvs.begin() + 1, got.header.tlvs.end()) == tlvs));
    BOOST_TEST(got.header.find(0xe0)->value.size() == 2U);
    BOOST_TEST((got.header.find(ProxyTlv::kNetns) == nullptr));
}

BOOST_AUTO_TEST_CASE(a_header_that_its_length_cannot_say_is_refused) {
    BOOST_TEST(!ProxyEncoder::make({false, {{0xe0, std::string(65'497, 'x')}}, 0}).has_value());
    const auto longest = ProxyEncoder::make({false, {{0xe0, std::string(65'496, 'x')}}, 0});
    BOOST_REQUIRE(longest.has_value());
    const std::string out = encoded(*longest, at("::1", 1), at("::2", 2));
    BOOST_TEST(out.size() == kMostProxyV2Bytes);
    BOOST_TEST((decode_proxy_header(out).progress == Progress::Complete));
    BOOST_TEST(!ProxyEncoder::make({true, {}, 70'000}).has_value());
    BOOST_TEST(!ProxyEncoder::aws(std::string(256, 'v')).has_value());
}

BOOST_AUTO_TEST_CASE(filling_leaves_what_no_type_length_value_fits) {
    const auto size = [](std::size_t padded_to) {
        return encoded(*ProxyEncoder::make({true, {}, padded_to}), kSource, kDestination).size();
    };
    BOOST_TEST(size(7) == 35U);
    BOOST_TEST(size(9) == 35U);
    BOOST_TEST(size(10) == 38U);
}

BOOST_AUTO_TEST_SUITE_END()
