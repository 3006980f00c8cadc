// SPDX-License-Identifier: Apache-2.0
#include "query/query.hpp"
#include "query/worker.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace nlb::query; // NOLINT(google-build-using-namespace)

namespace {

/// Three entries: TLS 1.3 over IPv4, TLS 1.2 over IPv6, a handshake that failed.
const std::string kLog =
    "tls 2.0 2026-05-01T10:01:00 net/a/1 l1 192.0.2.7:1000 10.0.0.1:443 900 30 100 2000 - arn:c1 - "
    "TLS_AES_128_GCM_SHA256 tlsv13 x25519 www.example h2 h2 \"h2\",\"http/1.1\" "
    "2026-05-01T10:00:59\n"
    "tls 2.0 2026-05-01T10:04:59 net/a/1 l1 2001:db8::5:1001 10.0.0.1:443 60000 5 10485760 1 - "
    "arn:c2 - "
    "ECDHE-RSA-AES128-SHA tlsv12 - shop.example - - -\n"
    "tls 2.0 2026-05-01T10:05:00 net/a/1 l1 198.51.100.9:1002 10.0.0.2:443 3 - 0 0 48 arn:c1 - - - "
    "- "
    "shop.example - - - 2026-05-01T10:05:00\n";

/// The rows of a question as TSV without the names, or "error: ...".
std::string ask(const Clauses& clauses, const std::string& log = kLog) {
    const auto query = plan(clauses);
    if (!query) return "error: " + query.error().text();
    Worker worker(*query, {});
    Piece piece;
    worker.take(log, {}, piece);
    if (query->grouped) {
        for (const std::string& row : group_rows(*query, worker.groups(), {*query, Format::Tsv}))
            piece.rows += row;
    }
    settle(*query, worker.candidates());
    for (const Candidate& candidate : worker.candidates())
        piece.rows += candidate.row;
    if (piece.lines_rejected > 0)
        piece.rows += std::to_string(piece.lines_rejected) + " rejected\n";
    return piece.rows;
}

/// The client ports of the entries for which a condition holds.
std::string holds(const std::string& condition) {
    std::string rows = ask({.select = "client_port", .where = condition});
    std::replace(rows.begin(), rows.end(), '\n', ' ');
    return rows;
}

Clauses sql(const std::string& text) {
    const auto clauses = split_sql(text);
    BOOST_REQUIRE_MESSAGE(clauses, text);
    return *clauses;
}

} // namespace

BOOST_AUTO_TEST_SUITE(query_plan)

BOOST_AUTO_TEST_CASE(conditions) {
    struct Row {
        const char* condition;
        const char* ports;
    };

    for (const Row& row :
         std::vector<Row>{{"client_port = 1000", "1000 "},
                          {"client_ip = '2001:db8::5'", "1001 "},
                          {"client_ip in 192.0.2.0/24", "1000 "},
                          {"client:port in (2001:db8::/32, '198.51.100.9')", "1001 1002 "},
                          {"client_ip in ('2001:db8::/32', 198.51.100.9)", "1001 1002 "},
                          {"client_ip != 192.0.2.0/24", "1001 1002 "},
                          {"tls_protocol_version < 1.3", "1001 "},
                          {"tls_protocol_version >= TLSv1.2", "1000 1001 "},
                          {"tls_protocol_version = tlsv13", "1000 "},
                          {"tls_protocol_version is null", "1002 "},
                          {"not tls_protocol_version < tlsv13", "1000 "},
                          {"tls_handshake_time is not null and tls_handshake_time > 10ms", "1000 "},
                          {"connection_time >= 1m", "1001 "},
                          {"received_bytes >= 10MiB", "1001 "},
                          {"received_bytes + sent_bytes > 2kB", "1000 1001 "},
                          {"domain_name =~ '^sho?p\\.'", "1001 1002 "},
                          {"domain_name !~ 'shop'", "1000 "},
                          {"domain_name like 'shop%'", "1001 1002 "},
                          {"domain_name not like '%e'", ""},
                          {"connection_time between 3 and 900", "1000 1002 "},
                          {"tls_cipher in ('x', 'ECDHE-RSA-AES128-SHA')", "1001 "},
                          {"tls_cipher not in ('x')", "1000 1001 "},
                          {"time < '2026-05-01T10:05'", "1000 1001 "},
                          {"time(5m) = '2026-05-01 10:05:00Z'", "1002 "},
                          {"tls_handshake_time > 10 or client_port = 1002", "1000 1002 "},
                          {"(tls_handshake_time > 10 or true) and false", ""},
                          {"\"client:port\" = '192.0.2.7:1000'", "1000 "},
                          {"domain_name = \"www.example\"", "1000 "},
                          {"time - tls_connection_creation_time = 1", "1000 "},
                          {"time >= 2026-05-01T10:05:00", "1002 "},
                          {"time >= 2026-05-01T10:05", "1002 "},
                          {"time<2026-05-01 10:05:00Z and true", "1000 1001 "},
                          {"time > 2026-05-01 and time < 2026-05-02", "1000 1001 1002 "},
                          {"time between 2026-05-01T10:02 and 2026-05-02", "1001 1002 "},
                          {"connection_time >= 0.01h", "1001 "},
                          {"connection_time > 500ms", "1000 1001 "},
                          {"received_bytes >= 10KiB and received_bytes <= 0.01GiB", "1001 "},
                          {"sent_bytes >= 1.5kB", "1000 "},
                          {"client_ip = 2001:DB8:0::5", "1001 "},
                          {"client_ip in ('2001:db8::0005')", "1001 "},
                          {"client_ip in (fe80::/10, 2001:db8::/32)", "1001 "},
                          {"connection_time / 0 > 1 or client_port = 1000", "1000 "},
                          {"steps(9000000000000000000 * 9) = 5000000000000000000 and "
                           "client_port = 1002",
                           "1002 "}})
        BOOST_TEST(holds(row.condition) == row.ports, row.condition);
}

BOOST_AUTO_TEST_CASE(groups) {
    BOOST_TEST(ask({.group_by = "domain_name", .aggregates = "count,sum(sent_bytes)"}) ==
               "shop.example\t2\t1\nwww.example\t1\t2000\n");
    BOOST_TEST(ask({.group_by = "time(5m)"}) == "2026-05-01T10:00:00\t2\n2026-05-01T10:05:00\t1\n");
    BOOST_TEST(ask({.aggregates = "count(tls_handshake_time),avg(tls_handshake_time),min(time),"
                                  "max(tls_cipher),p50(connection_time),distinct(domain_name)"}) ==
               "2\t17.5\t2026-05-01T10:01:00\tTLS_AES_128_GCM_SHA256\t900\t2\n");
    BOOST_TEST(ask({.group_by = "tls_protocol_version,domain_name", .order_by = "count desc, 2"}) ==
               "-\tshop.example\t1\ntlsv12\tshop.example\t1\ntlsv13\twww.example\t1\n");
    BOOST_TEST(ask({.where = "false", .aggregates = "count,max(sent_bytes)"}) == "0\t-\n");
    BOOST_TEST(ask({.where = "false", .group_by = "domain_name"}).empty());
}

BOOST_AUTO_TEST_CASE(sql_is_the_same_question) {
    BOOST_TEST(ask(sql("select domain_name, count(*) as n, sum(sent_bytes) / count(*) from logs "
                       "where true group by domain_name having n > 1 order by n desc limit 5;")) ==
               "shop.example\t2\t0.5\n");
    BOOST_TEST(ask(sql("SELECT count(distinct domain_name) FROM logs")) == "2\n");
    BOOST_TEST(ask(sql("select client_port from logs order by connection_time desc limit 2")) ==
               "1001\n1000\n");
}

BOOST_AUTO_TEST_CASE(wrong_questions_are_told_why) {
    struct Row {
        Clauses clauses;
        const char* error;
    };

    for (const Row& row : std::vector<Row>{
             {{.where = "tls_ciper = 'x'"},
              "where: there is no field 'tls_ciper' (did you mean 'tls_cipher'?)"},
             {{.where = "received_bytes > 5m"},
              "where: 'received_bytes' is a size, '5m' is a duration"},
             {{.where = "time > 'noon'"},
              "where: 'noon' is not a time such as 2026-05-01T10:00:00"},
             {{.where = "time > 2026-13-01"},
              "where: '2026-13-01' is not a time such as 2026-05-01T10:00:00"},
             {{.where = "tls_protocol_version = 'ssl'"},
              "where: 'ssl' is not a TLS version such as tlsv12 or 1.2"},
             {{.where = "client_ip in 10.0.0.0/33"},
              "where: '10.0.0.0/33' is not an address block: the length must be 0 to 32"},
             {{.where = "cipher = 'x'"},
              "where: there is no field 'cipher' (did you mean 'tls_cipher'?)"},
             {{.select = "tls_ciper"},
              "select: there is no field 'tls_ciper' (did you mean 'tls_cipher'?)"},
             {{.group_by = "domain"},
              "group by: there is no field 'domain' (did you mean 'domain_name'?)"},
             {{.group_by = "elb", .order_by = "cont"},
              "order by: there is no field 'cont' (did you mean 'count'?)"},
             {{.where = "tls_cipher"}, "where: 'tls_cipher' is text, where a condition is needed"},
             {{.where = "count > 5"}, "where: there is no field 'count'"},
             {{.where = "domain_name =~ '('"}, "where: pattern '(': missing ): ("},
             {{.where = "domain_name = null"},
              "where: nothing equals null; use 'domain_name is null'"},
             {{.where = "(true"}, "where: expected ')' at the end"},
             {{.where = "true true"}, "where: expected 'and', 'or' or the end at 'true'"},
             {{.where = "sent_bytes > 5x"},
              "where: '5x': the units are ms s m h d w and B kB MB GB TB KiB MiB GiB TiB"},
             {{.select = "elb,count"},
              "'elb' is neither in group by nor in an aggregate such as max(elb)"},
             {{.having = "true"}, "having needs groups"},
             {{.group_by = "time(5)"},
              "group by: expected whole seconds, such as 30s, 5m or 1h, at '5)'"},
             {{.group_by = "elb", .order_by = "3"}, "order by: there are columns 1 to 2"},
             {{.aggregates = "sum(domain_name)"},
              "agg: sum, avg and percentiles are of whole numbers; 'domain_name' is text"}})
        BOOST_TEST(ask(row.clauses) == std::string("error: ") + row.error);
    for (const char* text : {"", "delete from logs", "select * from x", "select a from logs where",
                             "select * from logs limit x", "select * from logs limit 5 where true"})
        BOOST_TEST(!split_sql(text), text);
    BOOST_TEST(split_sql("select elb from logs group by").error().text() ==
               "nothing follows 'group by'");
}

BOOST_AUTO_TEST_CASE(a_bad_value_matters_to_questions_that_look_at_it) {
    std::string log = kLog;
    log.replace(log.find(" 900 "), 5, " 9x0 ");
    BOOST_TEST(ask({.aggregates = "count"}, log) == "3\n");
    BOOST_TEST(ask({.aggregates = "sum(connection_time)"}, log) == "60003\n1 rejected\n");
    BOOST_TEST(ask({.select = "client_port", .where = "connection_time > 5"}, log) ==
               "1001\n1 rejected\n");
}

BOOST_AUTO_TEST_CASE(numbers_beyond_64_bits_are_added) {
    const std::string large = "9000000000000000000 * ";
    BOOST_TEST(ask({.aggregates = "sum(" + large + "connection_time)"}) == "5.48127e+23\n");
    BOOST_TEST(ask({.aggregates = "p50(" + large + "connection_time)"}).starts_with("922"));
    const std::string square = "sent_bytes * " + large + large + large + "1";
    std::string power = square;
    for (int i = 0; i < 20; ++i)
        power += " * " + large + "1";
    BOOST_TEST(ask({.select = power, .where = "client_port = 1000"}) == "-\n");
}

BOOST_AUTO_TEST_CASE(the_largest_limit_is_none) {
    std::string log;
    for (int i = 0; i < 2000; ++i)
        log += kLog;
    const std::string rows =
        ask({.select = "1", .order_by = "client_port", .limit = 9'223'372'036'854'775'806U}, log);
    BOOST_TEST(rows.size() == 2U * 3 * 2000);
}

BOOST_AUTO_TEST_CASE(a_time_of_zero_bytes_is_none) {
    std::string log = kLog;
    log.replace(log.find("2026-05-01T10:01:00"), 19, std::string(17, '\0') + "11");
    BOOST_TEST(ask({.aggregates = "max(time)"}, log) == "2026-05-01T10:05:00\n1 rejected\n");
}

BOOST_AUTO_TEST_CASE(nesting_has_an_end) {
    std::string twice = "1 between 0 and 2";
    for (int i = 0; i < 40; ++i)
        twice = "(" + twice + ") between false and true";
    BOOST_TEST(ask({.where = twice}) == "error: where: too much stands before 'between'");
    std::string sum = "client_port = 0";
    while (sum.size() < 16'000)
        sum += "+1";
    BOOST_TEST(ask({.where = sum}).empty());
    std::string many = "false";
    while (many.size() < 16'000)
        many += " or client_port=1";
    BOOST_TEST(ask({.where = many}).empty());
    std::string deep(5000, '(');
    BOOST_TEST(ask({.where = deep + "true"}) == "error: where: an expression nested too deeply");
    std::string nots;
    for (int i = 0; i < 1000; ++i)
        nots += "not ";
    BOOST_TEST(ask({.where = nots + "true"}) == "error: where: an expression nested too deeply");
}

BOOST_AUTO_TEST_SUITE_END()
