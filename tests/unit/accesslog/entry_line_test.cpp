// SPDX-License-Identifier: Apache-2.0
// Entries to the byte: the guide's own examples, what is absent, and what a client can send.
#include "accesslog/entry.hpp"
#include "accesslog/entry_line.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb;            // NOLINT(google-build-using-namespace)
using namespace nlb::accesslog; // NOLINT(google-build-using-namespace)

BOOST_AUTO_TEST_SUITE(entry_line)

namespace {

/// The second example of the guide [p.83].
contract::TlsConnection example() {
    contract::TlsConnection c;
    c.time_ms = 1'585'731'102'999; // 2020-04-01T08:51:42
    c.elb.value = "net/my-network-loadbalancer/c6e77e28c25b2234";
    c.listener.value = "g3d4b5e8bb8464cd";
    c.client_address = *IpAddress::parse("72.21.218.154");
    c.client_port = 51341;
    c.destination_address = *IpAddress::parse("172.100.100.185");
    c.destination_port = 443;
    c.connection_time_ms = 5;
    c.tls_handshake_time_ms = 2;
    c.received_bytes = 98;
    c.sent_bytes = 246;
    c.chosen_cert_arn =
        "arn:aws:acm:us-east-2:671290407336:certificate/2a108f19-aded-46b0-8493-c63eb1ef4a99";
    c.tls_cipher = "ECDHE-RSA-AES128-SHA";
    c.tls_protocol_version = "tlsv12";
    c.domain_name = "my-network-loadbalancer-c6e77e28c25b2234.elb.us-east-2.amazonaws.com";
    c.alpn_fe_protocol = "h2";
    c.alpn_be_protocol = "h2";
    c.alpn_client_preference_list = "h2,http/1.1";
    c.tls_connection_creation_time_ms = 1'585'731'102'994;
    return c;
}

constexpr std::string_view kExample =
    "tls 2.0 2020-04-01T08:51:42 net/my-network-loadbalancer/c6e77e28c25b2234 g3d4b5e8bb8464cd "
    "72.21.218.154:51341 172.100.100.185:443 5 2 98 246 - "
    "arn:aws:acm:us-east-2:671290407336:certificate/2a108f19-aded-46b0-8493-c63eb1ef4a99 - "
    "ECDHE-RSA-AES128-SHA tlsv12 - "
    "my-network-loadbalancer-c6e77e28c25b2234.elb.us-east-2.amazonaws.com h2 h2 "
    "\"h2\",\"http/1.1\"";

std::string line_of(const contract::TlsConnection& connection, Form form) {
    std::string out;
    EntryWriter(form).append(connection, out);
    return out;
}

/// One field of the line, as a reader finds it.
std::string field_of(const contract::TlsConnection& connection, Field field) {
    const std::string line = line_of(connection, Form::Current);
    Entry entry;
    BOOST_REQUIRE(split(std::string_view(line).substr(0, line.size() - 1), entry) == Problem::None);
    return std::string(entry.fields[position(field)]);
}

} // namespace

BOOST_AUTO_TEST_CASE(the_strict_form_is_the_example_of_the_guide) {
    BOOST_TEST(line_of(example(), Form::Strict) == std::string(kExample) + "\n");
}

BOOST_AUTO_TEST_CASE(the_current_form_ends_with_the_creation_time) {
    BOOST_TEST(line_of(example(), Form::Current) ==
               std::string(kExample) + " 2020-04-01T08:51:42\n");
}

BOOST_AUTO_TEST_CASE(only_the_current_form_has_a_named_group) {
    auto c = example();
    c.tls_named_group = "x25519";
    BOOST_TEST(field_of(c, Field::TlsNamedGroup) == "x25519");
    BOOST_TEST(line_of(c, Form::Strict) == std::string(kExample) + "\n");
}

BOOST_AUTO_TEST_CASE(a_connection_without_handshake_has_ten_dashes) {
    contract::TlsConnection c;
    c.time_ms = 1'777'593'609'000;
    c.elb.value = "net/lb/50dc6c495c0c9188";
    c.listener.value = "listener/net/lb/50dc6c495c0c9188/g3d4b5e8bb8464cd";
    c.received_bytes = c.sent_bytes = 0;
    c.client_address = *IpAddress::parse("203.0.113.9");
    c.client_port = 40000;
    c.destination_address = *IpAddress::parse("10.0.0.1");
    c.destination_port = 443;
    c.tls_connection_creation_time_ms = 1'777'593'608'000;
    BOOST_TEST(line_of(c, Form::Current) ==
               "tls 2.0 2026-05-01T00:00:09 net/lb/50dc6c495c0c9188 g3d4b5e8bb8464cd "
               "203.0.113.9:40000 10.0.0.1:443 0 - 0 0 - - - - - - - - - - 2026-05-01T00:00:08\n");
}

BOOST_AUTO_TEST_CASE(ipv6_has_no_brackets) {
    auto c = example();
    c.client_address = *IpAddress::parse("2001:db8::1");
    BOOST_TEST(field_of(c, Field::Client) == "2001:db8::1:51341");
}

BOOST_AUTO_TEST_CASE(what_a_client_sends_cannot_end_a_field) {
    auto c = example();
    c.domain_name = "a b\n\"\x80";
    BOOST_TEST(field_of(c, Field::DomainName) == "a%20b%0A%22%80");
    c.alpn_client_preference_list = "%22quoted%22,a%20b,%2C";
    BOOST_TEST(field_of(c, Field::AlpnClientPreferenceList) == R"("%22quoted%22","a%20b","%2C")");
}

BOOST_AUTO_TEST_CASE(a_list_is_cut_after_256_bytes) {
    auto c = example();
    std::string list;
    for (const char letter : std::string_view("abcdefgh"))
        list += (list.empty() ? "" : ",") + std::string("proto-") + std::string(52, letter);
    c.alpn_client_preference_list = list;
    const std::string cut = field_of(c, Field::AlpnClientPreferenceList);
    BOOST_TEST(cut.size() == kLongestAlpnList);
    BOOST_TEST(cut.ends_with(R"(","proto-eeeee)"));
    c.alpn_client_preference_list = std::string(254, 'x'); // 256 with its quotes
    BOOST_TEST(field_of(c, Field::AlpnClientPreferenceList).ends_with("x\""));
    c.alpn_client_preference_list = std::string(255, 'x');
    BOOST_TEST(field_of(c, Field::AlpnClientPreferenceList).ends_with("xx"));
}

BOOST_AUTO_TEST_CASE(url_encoding_leaves_unreserved_bytes_and_the_slash) {
    BOOST_TEST(url_encoded("http/1.1-_~") == "http/1.1-_~");
    BOOST_TEST(url_encoded("a b,%\"\xff") == "a%20b%2C%25%22%FF");
}

BOOST_AUTO_TEST_CASE(a_time_beyond_four_digits_of_a_year_stays_a_time) {
    auto c = example();
    c.time_ms = std::uint64_t{1} << 60U;
    BOOST_TEST(field_of(c, Field::Time) == "9999-12-31T23:59:59");
}

BOOST_AUTO_TEST_SUITE_END()
