// SPDX-License-Identifier: Apache-2.0
#include "accesslog/entry.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace nlb::accesslog; // NOLINT(google-build-using-namespace)

namespace {

/// Fields 1 to 17.
const std::string kFront =
    "tls 2.0 2026-03-04T05:06:07 net/front/0123456789abcdef 89abcdef01234567 198.51.100.7:50001 "
    "192.0.2.1:443 1500 12 2048 4096 - arn:aws:acm:eu-west-1:111122223333:certificate/aa - "
    "ECDHE-RSA-AES128-GCM-SHA256 tlsv12 x25519";
const std::string kName = kFront + " shop.example";
const std::string kTime = "2026-03-04T05:06:05";

Entry entry_of(const std::string& line) {
    Entry entry;
    BOOST_TEST((split(line, entry) == Problem::None), line);
    return entry;
}

Problem problem_of(const std::string& line) {
    Entry entry;
    return split(line, entry);
}

} // namespace

BOOST_AUTO_TEST_SUITE(accesslog_entry)

BOOST_AUTO_TEST_CASE(lines_of_18_21_22_and_more_fields_are_entries) {
    const std::string alpn = kName + " h2 http/1.1 \"h2\",\"http/1.1\"";
    const std::string whole = alpn + " " + kTime;
    const std::string future = whole + " TID_00 \"a b\"";
    for (const std::string& line : {kName, alpn, whole, future}) {
        const Entry entry = entry_of(line);
        BOOST_TEST(*entry[Field::Client] == "198.51.100.7:50001");
        BOOST_TEST(*entry[Field::DomainName] == "shop.example");
        BOOST_TEST(entry[Field::AlpnFeProtocol].has_value() == (line != kName));
        BOOST_TEST(entry[Field::TlsConnectionCreationTime].has_value() ==
                   (line.size() >= whole.size()));
        BOOST_TEST(entry.extra == (line == future ? "TID_00 \"a b\"" : ""));
        BOOST_TEST((check(entry) == Problem::None));
        const std::string with_return = line + '\r';
        const Entry other = entry_of(with_return);
        BOOST_TEST(other.extra == entry.extra);
        BOOST_TEST(other.fields == entry.fields, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_CASE(a_dash_is_no_value) {
    const std::string line = kName + " - - -";
    const Entry entry = entry_of(line);
    BOOST_TEST(!entry[Field::IncomingTlsAlert]);
    BOOST_TEST(!entry[Field::AlpnClientPreferenceList]);
    BOOST_TEST(entry.fields[position(Field::AlpnFeProtocol)] == "-");
}

BOOST_AUTO_TEST_CASE(a_list_keeps_its_spaces_and_what_follows_its_place) {
    const std::string cut = "\"" + std::string(250, 'p') + "\",\"abc"; // no closing quote
    for (const std::string& list :
         {std::string("\"h2\""), std::string("\"h2\", \"http/1.1\""), std::string("\"h2\",  \"x\""),
          std::string("\"%22q%22\",\"a%20b\",\"%2C\""), cut, std::string("\"h2\",\""),
          std::string("\"h2\","), std::string("-")}) {
        const std::string line = kName + " h2 h2 " + list;
        const std::string longer = line + " " + kTime;
        Entry entry = entry_of(line);
        BOOST_TEST(entry.fields[position(Field::AlpnClientPreferenceList)] == list);
        entry = entry_of(longer);
        BOOST_TEST(entry.fields[position(Field::AlpnClientPreferenceList)] == list);
        BOOST_TEST(*entry[Field::TlsConnectionCreationTime] == kTime);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_entry_is_told_why) {
    BOOST_TEST((problem_of("") == Problem::NotTls));
    BOOST_TEST((problem_of("Logging is enabled for this balancer") == Problem::NotTls));
    BOOST_TEST((problem_of(kFront) == Problem::TooFewFields));
    BOOST_TEST((problem_of("tls  2.0") == Problem::EmptyField));
    BOOST_TEST((problem_of(kName + " ") == Problem::EmptyField));
    BOOST_TEST((problem_of(kName + " h2  -") == Problem::EmptyField));
}

BOOST_AUTO_TEST_CASE(values_are_of_their_kind) {
    BOOST_TEST((check(Kind::Bytes, "1099511627776") == Problem::None));
    BOOST_TEST((check(Kind::Bytes, "9223372036854775808") == Problem::BadNumber));
    BOOST_TEST((check(Kind::Milliseconds, "-1") == Problem::BadNumber));
    BOOST_TEST((check(Kind::Milliseconds, "+1") == Problem::BadNumber));
    BOOST_TEST((check(Kind::Number, "4x") == Problem::BadNumber));
    BOOST_TEST((check(Kind::Time, "2026-02-29T00:00:00") == Problem::BadTime));
    BOOST_TEST((check(Kind::Time, "2024-02-29T23:59:60") == Problem::None));
    BOOST_TEST((check(Kind::Address, "192.0.2.1") == Problem::BadAddress));
    BOOST_TEST((check(Kind::Address, "192.0.2.1:65536") == Problem::BadAddress));
    BOOST_TEST((check(Kind::Address, "::ffff:192.0.2.7:51341") == Problem::None));
    BOOST_TEST((check(Kind::TlsVersion, "tlsv14") == Problem::None));
    BOOST_TEST((check(Kind::TlsVersion, "quic") == Problem::BadTlsVersion));
}

BOOST_AUTO_TEST_CASE(an_address_ends_at_the_last_colon) {
    BOOST_TEST(split_address("2001:db8::1:51341")->address == "2001:db8::1");
    BOOST_TEST(split_address("2001:db8::1:51341")->port == "51341");
    BOOST_TEST(split_address("203.0.113.9:1")->address == "203.0.113.9");
    BOOST_TEST(!split_address("nothing"));
}

BOOST_AUTO_TEST_SUITE_END()
