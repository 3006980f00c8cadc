// SPDX-License-Identifier: Apache-2.0
#include "accesslog/alpn.hpp"
#include "accesslog/timestamp.hpp"
#include "accesslog/tls_version.hpp"

#include <boost/test/unit_test.hpp>

#include <vector>

using namespace nlb::accesslog; // NOLINT(google-build-using-namespace)

BOOST_AUTO_TEST_SUITE(accesslog_values)

BOOST_AUTO_TEST_CASE(versions_have_an_order_however_they_are_spelled) {
    for (const char* text : {"tlsv12", "TLSv1.2", "1.2", "tls1.2", "TLSV1_2", "12"})
        BOOST_TEST(parse_tls_version(text).value_or(0) == 12);
    for (const char* text : {"tlsv10", "TLSv1", "1", "1.0"})
        BOOST_TEST(parse_tls_version(text).value_or(0) == 10);
    BOOST_TEST(parse_tls_version("SSLv3").value_or(0) < parse_tls_version("tlsv10").value_or(0));
    for (const char* text : {"", "-", "tls", "v", "tlsv2", "tlsv123", "1.2.3", "tlsv1x"})
        BOOST_TEST(!parse_tls_version(text), text);
    BOOST_TEST(tls_version_text(13) == "tlsv13");
    BOOST_TEST(tls_version_text(*parse_tls_version("sslv3")) == "sslv3");
}

BOOST_AUTO_TEST_CASE(times_go_there_and_back) {
    BOOST_TEST(parse_time("1970-01-01T00:00:00").value_or(-1) == 0);
    BOOST_TEST(parse_time("2018-12-20T02:59:40").value_or(0) == 1'545'274'780);
    for (const char* text : {"1969-12-31T23:59:59", "2000-02-29T12:00:00", "2038-01-19T03:14:08"}) {
        std::string back;
        append_time(*parse_time(text), back);
        BOOST_TEST(back == text);
    }
    for (const char* text : {"2018-12-20 02:59:40", "2018-12-20T02:59:40Z", "2018-13-01T00:00:00",
                             "2018-12-20T24:00:00", "2018-12-20T02:60:00", ""})
        BOOST_TEST(!parse_time(text), text);
}

BOOST_AUTO_TEST_CASE(alpn_names_come_without_quotes) {
    struct Row {
        const char* list;
        std::vector<std::string_view> names;
    };

    for (const Row& row :
         {Row{"\"h2\",\"http/1.1\"", {"h2", "http/1.1"}}, Row{"\"h2\", \"x\"", {"h2", "x"}},
          Row{"\"h2\",\"ht", {"h2", "ht"}}, Row{"\"h2\",\"", {"h2"}}, Row{"\"h2\",", {"h2"}},
          Row{"-", {}}, Row{"\"\",\"a\"", {"", "a"}}}) {
        AlpnNames names(row.list);
        std::vector<std::string_view> found;
        for (std::string_view name; names.next(name);)
            found.push_back(name);
        BOOST_TEST(found == row.names, boost::test_tools::per_element());
    }
}

BOOST_AUTO_TEST_SUITE_END()
