// SPDX-License-Identifier: Apache-2.0
#include "health/probe.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <functional>
#include <vector>

using namespace nlb;
using namespace nlb::health;

namespace {

contract::TargetGroup line(model::HealthCheckProtocol protocol) {
    return {.group = model::TargetGroupId{"g"},
            .check_protocol = protocol,
            .check_port = std::nullopt,
            .check_path = "/up",
            .check_host = "192.0.2.1:80",
            .matcher = "200-299",
            .check_timeout_ms = 2000,
            .check_interval_ms = 5000,
            .healthy_threshold = 5,
            .unhealthy_threshold = 2};
}

CheckSettings settings(model::HealthCheckProtocol protocol) {
    return CheckSettings::from(line(protocol)).value();
}

const Endpoint kTarget{IpAddress::parse("10.0.0.1").value(), 8080};
constexpr Nanos kStart = Nanos::seconds(100);

void request_sent(ProbeRun& run) {
    run.on_connected();
    run.sent(run.pending().size());
}

} // namespace

BOOST_AUTO_TEST_SUITE(health_probe)

BOOST_AUTO_TEST_CASE(every_way_to_end_has_its_name_and_says_what_came_back) {
    using enum model::HealthCheckProtocol;

    struct Row {
        model::HealthCheckProtocol protocol;
        std::function<void(ProbeRun&)> happens;
        ProbeOutcome outcome;
        const char* text;
    };

    const std::vector<Row> rows{
        {Tcp, [](ProbeRun& r) { r.on_connected(); }, ProbeOutcome::Passed, ""},
        {Tcp, [](ProbeRun& r) { r.on_error(ECONNREFUSED); }, ProbeOutcome::Refused,
         "TCP 10.0.0.1:8080: connect: Connection refused"},
        {Tcp, [](ProbeRun& r) { r.on_error(EHOSTUNREACH); }, ProbeOutcome::Unreachable,
         "TCP 10.0.0.1:8080: connect: No route to host"},
        {Tcp, [](ProbeRun& r) { r.on_error(EMFILE); }, ProbeOutcome::InternalError,
         "TCP 10.0.0.1:8080: connect: Too many open files"},
        {Tcp, [](ProbeRun& r) { r.on_error(EADDRNOTAVAIL); }, ProbeOutcome::InternalError,
         "TCP 10.0.0.1:8080: connect: Cannot assign requested address"},
        {Tcp, [](ProbeRun& r) { r.tick(kStart + Nanos::seconds(2)); }, ProbeOutcome::ConnectTimeout,
         "TCP 10.0.0.1:8080: no answer to connect within 2000 ms"},
        {Http, [](ProbeRun& r) { request_sent(r), r.feed("HTTP/1.1 204 No\r\n\r\n"); },
         ProbeOutcome::Passed, ""},
        {Http, [](ProbeRun& r) { request_sent(r), r.feed("HTTP/1.1 301 Moved\r\n\r\n"); },
         ProbeOutcome::WrongCode, "GET http://10.0.0.1:8080/up: answered 301, 200-299 passes"},
        {Http, [](ProbeRun& r) { request_sent(r), r.on_end(); }, ProbeOutcome::ClosedEarly,
         "GET http://10.0.0.1:8080/up: connection closed, 0 bytes of a response came"},
        {Http, [](ProbeRun& r) { request_sent(r), r.feed("HTTP/1.1 2"), r.on_error(ECONNRESET); },
         ProbeOutcome::Reset,
         "GET http://10.0.0.1:8080/up: connection reset, 10 bytes of a response came"},
        {Http, [](ProbeRun& r) { request_sent(r), r.feed("220 smtp.example ESMTP\r\n"); },
         ProbeOutcome::NotHttp,
         "GET http://10.0.0.1:8080/up: no HTTP/1 response: byte 0: bad version"},
        {Http, [](ProbeRun& r) { request_sent(r), r.tick(kStart + Nanos::seconds(2)); },
         ProbeOutcome::ResponseTimeout,
         "GET http://10.0.0.1:8080/up: no complete response within 2000 ms, 0 bytes of a response "
         "came"},
    };
    for (const Row& row : rows) {
        const CheckSettings s = settings(row.protocol);
        ProbeRun run(s, kTarget, kStart);
        row.happens(run);
        BOOST_REQUIRE_MESSAGE(run.result().has_value(), row.text);
        BOOST_TEST(to_text(run.result()->outcome) == to_text(row.outcome));
        BOOST_TEST(run.result()->text == row.text);
        BOOST_TEST(run.deadline().is_never());
    }
}

BOOST_AUTO_TEST_CASE(a_check_has_until_its_deadline_and_no_longer) {
    const CheckSettings s = settings(model::HealthCheckProtocol::Http);
    ProbeRun run(s, kTarget, kStart);
    BOOST_TEST((run.deadline() == kStart + Nanos::seconds(2)));
    request_sent(run);
    // A trickle does not extend it: the answer as a whole must come in time.
    for (int i = 0; i < 19; ++i) {
        run.feed("HTTP/1.1 200 OK\r\nX: y\r\n" + std::string(static_cast<std::size_t>(i % 2), ' '));
        run.tick(kStart + Nanos::milliseconds(100 * i));
        if (i == 0) BOOST_REQUIRE(!run.result().has_value());
    }
    run.tick(kStart + Nanos::seconds(2));
    BOOST_REQUIRE(run.result().has_value());
    BOOST_TEST((verdict_of(run.result()->outcome) == Verdict::Failed));
}

BOOST_AUTO_TEST_CASE(what_comes_after_the_end_changes_nothing) {
    const CheckSettings s = settings(model::HealthCheckProtocol::Http);
    ProbeRun run(s, kTarget, kStart);
    request_sent(run);
    run.feed("HTTP/1.1 200 OK\r\n\r\n");
    run.feed("garbage");
    run.on_end();
    run.on_error(ECONNRESET);
    run.tick(kStart + Nanos::seconds(60));
    BOOST_TEST((run.result()->outcome == ProbeOutcome::Passed));
    BOOST_TEST(run.pending().empty());
}

BOOST_AUTO_TEST_CASE(the_request_names_the_host_of_the_group_or_else_the_target) {
    const CheckSettings s = settings(model::HealthCheckProtocol::Http);
    ProbeRun run(s, kTarget, kStart);
    BOOST_TEST(run.pending().empty());
    run.on_connected();
    BOOST_TEST(run.pending().starts_with("GET /up HTTP/1.1\r\nHost: 192.0.2.1:80\r\n"));
    run.sent(4);
    BOOST_TEST(run.pending().starts_with("/up HTTP/1.1"));

    auto without = line(model::HealthCheckProtocol::Http);
    without.check_host.reset();
    const CheckSettings bare = CheckSettings::from(without).value();
    ProbeRun other(bare, kTarget, kStart);
    other.on_connected();
    BOOST_TEST(other.pending().starts_with("GET /up HTTP/1.1\r\nHost: 10.0.0.1:8080\r\n"));
}

BOOST_AUTO_TEST_CASE(bytes_that_went_before_the_connect_was_answered_show_the_connection) {
    auto with = line(model::HealthCheckProtocol::Http);
    for (const bool knows_host : {true, false}) {
        with.proxy_protocol_v2 = !knows_host;
        if (!knows_host) with.check_host.reset();
        const CheckSettings s = CheckSettings::from(with).value();
        ProbeRun run(s, kTarget, kStart);
        const std::string early(run.early());
        BOOST_TEST(!early.empty());
        run.sent(0);
        BOOST_TEST(!run.is_connected());
        run.sent(early.size());
        BOOST_TEST(run.is_connected());
        const std::string request = early + std::string(run.pending());
        BOOST_TEST(request.find("GET /up HTTP/1.1\r\n") != std::string::npos);
        run.sent(run.pending().size());
        run.feed("HTTP/1.1 200 OK\r\n\r\n");
        BOOST_TEST((run.result()->outcome == ProbeOutcome::Passed));
        BOOST_TEST(run.early().empty());
    }
}

BOOST_AUTO_TEST_CASE(a_proxy_header_comes_first_and_names_no_client) {
    const std::string local("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);
    for (const auto protocol : {model::HealthCheckProtocol::Tcp, model::HealthCheckProtocol::Http,
                                model::HealthCheckProtocol::Https}) {
        auto with = line(protocol);
        with.proxy_protocol_v2 = true;
        const CheckSettings s = CheckSettings::from(with).value();
        ProbeRun run(s, kTarget, kStart);
        BOOST_TEST(run.pending().empty());
        run.on_connected();
        BOOST_REQUIRE(!run.result().has_value());
        BOOST_TEST(run.pending() == local);
        run.sent(10);
        BOOST_TEST(run.pending() == local.substr(10));
        run.sent(6);
        if (protocol == model::HealthCheckProtocol::Tcp) {
            BOOST_REQUIRE(run.result().has_value());
            BOOST_TEST((run.result()->outcome == ProbeOutcome::Passed));
        } else if (protocol == model::HealthCheckProtocol::Http) {
            BOOST_TEST(run.pending().starts_with("GET /up HTTP/1.1\r\n"));
        } else {
            BOOST_TEST(run.pending().empty());
            BOOST_TEST(run.take_request().starts_with("GET /up HTTP/1.1\r\n"));
            BOOST_TEST(run.take_request().empty());
        }
    }
}

BOOST_AUTO_TEST_CASE(https_and_scripts_say_what_they_tried) {
    const CheckSettings https = settings(model::HealthCheckProtocol::Https);
    ProbeRun tls(https, kTarget, kStart);
    tls.on_connected();
    tls.on_tls_failure("TLS handshake: tlsv1 alert protocol version");
    BOOST_TEST((tls.result()->outcome == ProbeOutcome::TlsFailed));
    BOOST_TEST(tls.result()->text == "GET https://10.0.0.1:8080/up: TLS handshake: tlsv1 alert "
                                     "protocol version (checks speak TLS 1.2 and lower)");

    ProbeRun stalled(https, kTarget, kStart);
    stalled.on_connected();
    stalled.tick(kStart + Nanos::seconds(2));
    BOOST_TEST(stalled.result()->text ==
               "GET https://10.0.0.1:8080/up: no TLS session within 2000 ms");
    ProbeRun silent(https, kTarget, kStart);
    silent.on_connected();
    silent.on_tls_established();
    silent.tick(kStart + Nanos::seconds(2));
    BOOST_TEST(silent.result()->text == "GET https://10.0.0.1:8080/up: no complete response within "
                                        "2000 ms, 0 bytes of a response came");

    auto with = line(model::HealthCheckProtocol::Tcp);
    with.check_exec = "check-db";
    const CheckSettings script = CheckSettings::from(with).value();
    ProbeRun failed(script, kTarget, kStart);
    failed.on_script_end(false, "exit status 2", "no route\x1b");
    BOOST_TEST((failed.result()->outcome == ProbeOutcome::ScriptFailed));
    BOOST_TEST(failed.result()->text ==
               "script check-db 10.0.0.1:8080: exit status 2: 'no route\\x1b'");
    ProbeRun late(script, kTarget, kStart);
    late.tick(kStart + Nanos::seconds(2));
    BOOST_TEST(late.result()->text == "script check-db 10.0.0.1:8080: no end within 2000 ms");
    ProbeRun passed(script, kTarget, kStart);
    passed.on_script_end(true, "exit status 0", "fine");
    BOOST_TEST((passed.result()->outcome == ProbeOutcome::Passed));
}

BOOST_AUTO_TEST_SUITE_END()
