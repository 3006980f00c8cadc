// SPDX-License-Identifier: Apache-2.0
#include "wire/tls_hello.hpp"
#include "wire/tls_records.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace nlb::wire;

namespace {

std::string number(std::size_t value, std::size_t bytes) {
    std::string text(bytes, '\0');
    for (std::size_t i = bytes; i-- > 0; value >>= 8U)
        text[i] = static_cast<char>(value & 0xffU);
    return text;
}

std::string vector(std::size_t length_bytes, const std::string& content) {
    return number(content.size(), length_bytes) + content;
}

std::string extension(std::size_t type, const std::string& content) {
    return number(type, 2) + vector(2, content);
}

std::string server_name(const std::string& name) {
    return extension(0, vector(2, number(0, 1) + vector(2, name)));
}

std::string alpn(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names)
        list += vector(1, name);
    return extension(16, vector(2, list));
}

/// Up to the extensions.
std::string client_hello(const std::string& ciphers = number(0x1301, 2)) {
    return number(0x0303, 2) + std::string(32, 'r') + vector(1, "session") + vector(2, ciphers) +
           vector(1, number(0, 1));
}

std::string server_hello(std::size_t version, std::size_t cipher,
                         const std::string& random = std::string(32, 'r')) {
    return number(version, 2) + random + vector(1, "") + number(cipher, 2) + number(0, 1);
}

std::string record(std::size_t type, const std::string& content) {
    return number(type, 1) + number(0x0303, 2) + vector(2, content);
}

std::vector<TlsRecord> all(TlsRecords& records) {
    std::vector<TlsRecord> read;
    while (auto one = records.next())
        read.push_back(std::move(*one));
    return read;
}

} // namespace

BOOST_AUTO_TEST_SUITE(wire_tls)

BOOST_AUTO_TEST_CASE(a_client_hello_tells_name_and_protocols) {
    const std::string body =
        client_hello() +
        vector(2, server_name("www.example.com") + alpn({"h2", "http/1.1"}) + extension(42, ""));
    const auto hello = read_client_hello(body);
    BOOST_REQUIRE(hello);
    BOOST_TEST(hello->server_name == "www.example.com");
    BOOST_TEST(hello->alpn == (std::vector<std::string>{"h2", "http/1.1"}));
    BOOST_TEST(hello->offers_early_data);
}

BOOST_AUTO_TEST_CASE(a_client_hello_may_have_no_extensions) {
    const auto hello = read_client_hello(client_hello());
    BOOST_REQUIRE(hello);
    BOOST_TEST(hello->server_name.empty());
    BOOST_TEST(hello->alpn.empty());
    BOOST_TEST(!hello->offers_early_data);
}

BOOST_AUTO_TEST_CASE(a_hello_cut_anywhere_is_none) {
    const std::string bare = client_hello();
    const std::string body = bare + vector(2, server_name("a.example") + alpn({"h2"}));
    for (std::size_t size = 0; size < body.size(); ++size) {
        const bool is_whole = size == bare.size(); // without extensions
        BOOST_TEST(read_client_hello(body.substr(0, size)).has_value() == is_whole, size);
    }
}

BOOST_AUTO_TEST_CASE(a_broken_list_of_protocols_is_none) {
    const std::string broken = extension(16, vector(2, number(9, 1) + "h2"));
    const auto hello = read_client_hello(client_hello() + vector(2, broken));
    BOOST_REQUIRE(hello);
    BOOST_TEST(hello->alpn.empty());
}

BOOST_AUTO_TEST_CASE(a_server_hello_tells_the_choice) {
    const auto tls12 = read_server_hello(server_hello(0x0303, 0xc02f) + vector(2, alpn({"h2"})));
    BOOST_REQUIRE(tls12);
    BOOST_TEST(tls12->version == 0x0303);
    BOOST_TEST(tls12->cipher == 0xc02f);
    BOOST_TEST(tls12->group == 0);
    BOOST_TEST(tls12->alpn == "h2");
    BOOST_TEST(!tls12->is_retry);
    const std::string share = extension(51, number(0x001d, 2) + vector(2, std::string(32, 'k')));
    const auto tls13 = read_server_hello(server_hello(0x0303, 0x1301) +
                                         vector(2, extension(43, number(kTls13, 2)) + share));
    BOOST_REQUIRE(tls13);
    BOOST_TEST(tls13->version == kTls13);
    BOOST_TEST(tls13->group == 0x001d);
}

BOOST_AUTO_TEST_CASE(a_hello_retry_request_is_told_by_its_random) {
    // The beginning of SHA-256("HelloRetryRequest") in RFC 8446 4.1.3, and its last byte changed.
    std::string random("\xCF\x21\xAD\x74\xE5\x9A\x61\x11\xBE\x1D\x8C\x02\x1E\x65\xB8\x91"
                       "\xC2\xA2\x11\x16\x7A\xBB\x8C\x5E\x07\x9E\x09\xE2\xC8\xA8\x33\x9C");
    BOOST_TEST(read_server_hello(server_hello(0x0303, 0x1301, random))->is_retry);
    random.back() = '\0';
    BOOST_TEST(!read_server_hello(server_hello(0x0303, 0x1301, random))->is_retry);
}

BOOST_AUTO_TEST_CASE(a_key_exchange_tells_its_named_curve) {
    BOOST_TEST(*read_key_exchange_group(number(3, 1) + number(0x0017, 2) + vector(1, "point")) ==
               0x0017);
    BOOST_TEST(!read_key_exchange_group(number(1, 1) + number(0x0017, 2)));
    BOOST_TEST(!read_key_exchange_group(number(3, 1)));
}

BOOST_AUTO_TEST_CASE(records_come_in_any_pieces) {
    const std::string bytes = record(22, "hello") + record(23, std::string(500, 'x')) +
                              record(20, "\x01") + record(23, "") + record(21, "\x02\x30");
    for (std::size_t step = 1; step < bytes.size(); ++step) {
        TlsRecords records;
        std::vector<TlsRecord> read;
        for (std::size_t at = 0; at < bytes.size(); at += step) {
            records.feed(std::string_view(bytes).substr(at, step));
            for (TlsRecord& one : all(records))
                read.push_back(std::move(one));
        }
        BOOST_REQUIRE(read.size() == 5U);
        BOOST_TEST(read[0].content == "hello");
        BOOST_TEST((read[1].type == TlsRecordType::ApplicationData && read[1].length == 500));
        BOOST_TEST(read[1].content.empty());
        BOOST_TEST((read[2].type == TlsRecordType::ChangeCipherSpec));
        BOOST_TEST(read[3].length == 0U);
        BOOST_TEST(*read[4].alert() == 48);
        BOOST_TEST(!records.is_broken());
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_record_breaks_the_stream) {
    for (const std::string& bytes : {std::string("GET / HTTP/1.1\r\n"), std::string("\x16\x02"),
                                     number(22, 1) + number(0x0303, 2) + number(18433, 2)}) {
        TlsRecords records;
        records.feed(bytes);
        BOOST_TEST(!records.next());
        BOOST_TEST(records.is_broken());
        records.feed(record(22, "hello"));
        BOOST_TEST(!records.next());
    }
}

BOOST_AUTO_TEST_CASE(messages_span_records_and_share_them) {
    const std::string first = number(1, 1) + vector(3, "client");
    const std::string second = number(20, 1) + vector(3, "");
    TlsMessages messages;
    messages.feed(first.substr(0, 5));
    BOOST_TEST(!messages.next());
    messages.feed(first.substr(5) + second);
    BOOST_TEST(messages.next()->body == "client");
    BOOST_TEST(messages.next()->type == 20);
    BOOST_TEST(!messages.next());
    messages.feed(number(1, 1) + number(TlsMessages::kLongest + 1, 3));
    BOOST_TEST(!messages.next());
    BOOST_TEST(messages.is_broken());
}

BOOST_AUTO_TEST_SUITE_END()
