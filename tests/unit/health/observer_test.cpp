// SPDX-License-Identifier: Apache-2.0
#include "health/observer.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

using namespace nlb;
using namespace nlb::health;

namespace {

Endpoint end(const char* address, std::uint16_t port) {
    return {IpAddress::parse(address).value(), port};
}

const Endpoint kTarget = end("10.0.0.1", 8080);
const char* const kRequest = "GET /up HTTP/1.1\r\nHost: 192.0.2.1:80\r\nConnection: close\r\n"
                             "User-Agent: ELB-HealthChecker/2.0\r\nAccept: */*\r\n\r\n";

/// A group of one target, and what is seen of it.
class Scene {
  public:
    explicit Scene(model::HealthCheckProtocol protocol, const char* source = nullptr,
                   std::uint64_t check_port = 0) {
        contract::TargetGroup line;
        line.group = model::TargetGroupId{"g"};
        line.check_protocol = protocol;
        line.check_path = "/up";
        line.check_timeout_ms = 2000;
        line.check_interval_ms = 5000;
        line.healthy_threshold = 2;
        line.unhealthy_threshold = 2;
        if (check_port != 0) line.check_port = check_port;
        if (source != nullptr) line.check_source = IpAddress::parse(source).value();
        contract::Target target;
        target.group = line.group;
        target.target = model::TargetId{"t"};
        target.address = kTarget.address;
        target.port = kTarget.port;
        GroupSet set{line.group, 1, CheckSettings::from(line).value(), {}, {target}};
        observer_ = std::make_unique<Observer>(std::vector{set});
    }

    /// A segment; `flags` of S, A, F, R. Sequence numbers follow from what was sent before.
    Scene& segment(const Endpoint& from, const Endpoint& to, std::string_view flags,
                   std::string_view bytes = {}) {
        const auto has = [&](char c) { return flags.find(c) != std::string_view::npos; };
        std::uint32_t& next = next_[{from, to}];
        if (has('S') && !has('A')) next = isn_ += 1000;
        const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
        observer_->take(
            {now, from, to, has('A'), {next, has('S'), has('F'), has('R'), {data, bytes.size()}}});
        next +=
            static_cast<std::uint32_t>(bytes.size()) + (has('S') ? 1U : 0U) + (has('F') ? 1U : 0U);
        return *this;
    }

    Scene& open(const Endpoint& client, const Endpoint& to = kTarget) {
        next_[{to, client}] = 5000;
        return segment(client, to, "S").segment(to, client, "SA").segment(client, to, "A");
    }

    Scene& after(std::int64_t ms) {
        now += Nanos::milliseconds(ms);
        observer_->tick(now);
        return *this;
    }

    /// "check passed; initial -> healthy; " since the last call.
    std::string told() {
        std::string text;
        for (const Observer::Report& report : observer_->drain()) {
            if (const auto* check = std::get_if<contract::CheckResult>(&report.what)) {
                text += "check " + check->outcome + "; ";
            } else if (const auto* flow = std::get_if<contract::TargetEvidence>(&report.what)) {
                text += "flow " + flow->kind + "; ";
            } else {
                const auto& change = std::get<Observer::Transition>(report.what);
                text += std::string(to_text(change.before)) + " -> " +
                        std::string(to_text(change.now.state)) + "; ";
            }
        }
        return text;
    }

    [[nodiscard]] const Observer& observer() const { return *observer_; }

    Nanos now = Nanos::seconds(1'700'000'000);

  private:
    std::unique_ptr<Observer> observer_;
    std::map<std::pair<Endpoint, Endpoint>, std::uint32_t> next_;
    std::uint32_t isn_ = 100'000;
};

Endpoint client(std::uint16_t port) {
    return end("192.0.2.7", port);
}

} // namespace

using enum model::HealthCheckProtocol;

BOOST_AUTO_TEST_SUITE(health_observer)

BOOST_AUTO_TEST_CASE(tcp_checks_end_without_a_word) {
    Scene scene(Tcp);
    scene.open(client(1));
    BOOST_TEST(scene.told() == "");
    scene.segment(client(1), kTarget, "FA");
    BOOST_TEST(scene.told() == "check passed; initial -> healthy; ");
    scene.segment(client(2), kTarget, "S").segment(kTarget, client(2), "RA");
    BOOST_TEST(scene.told() == "check refused; ");
    scene.segment(client(3), kTarget, "S").after(1999);
    BOOST_TEST(scene.told() == "");
    scene.after(1);
    BOOST_TEST(scene.told() == "check connect-timeout; healthy -> unhealthy; ");
    scene.open(client(4)).segment(client(4), kTarget, "FA");
    scene.open(client(5)).segment(client(5), kTarget, "FA");
    BOOST_TEST(scene.told() == "check passed; check passed; unhealthy -> healthy; ");
    BOOST_TEST(scene.observer().connections() == 5U);
}

BOOST_AUTO_TEST_CASE(http_checks_are_known_by_their_request) {
    Scene scene(Http);
    const auto check = [&](std::uint16_t port, std::string_view answer) {
        scene.open(client(port)).segment(client(port), kTarget, "A", kRequest);
        scene.segment(kTarget, client(port), "A", answer);
        return scene.told();
    };
    BOOST_TEST(check(1, "HTTP/1.1 200 OK\r\n\r\n") == "check passed; initial -> healthy; ");
    BOOST_TEST(check(2, "HTTP/1.1 503 No\r\n\r\n") == "check wrong-code; ");
    BOOST_TEST(check(3, "SSH-2.0-OpenSSH_9.2\r\n") == "check not-http; healthy -> unhealthy; ");
    scene.open(client(4)).segment(client(4), kTarget, "A", kRequest);
    scene.segment(kTarget, client(4), "A", "HTTP/1.1 2").segment(kTarget, client(4), "FA");
    BOOST_TEST(scene.told() == "check closed-early; ");
    scene.open(client(5))
        .segment(client(5), kTarget, "A", kRequest)
        .segment(kTarget, client(5), "RA");
    BOOST_TEST(scene.told() == "check reset; ");
    scene.open(client(6)).segment(client(6), kTarget, "A", kRequest).after(2000);
    BOOST_TEST(scene.told() == "check response-timeout; ");
    const auto health = scene.observer().states().at(0);
    BOOST_TEST(*health.description ==
               "Health checks failed: GET http://10.0.0.1:8080/up: no complete response within "
               "2000 ms, 0 bytes of a response came");
    BOOST_TEST(health.probe_seq.value() == 6U);
}

BOOST_AUTO_TEST_CASE(a_request_in_pieces_and_twice_is_the_same) {
    Scene scene(Http);
    scene.open(client(1));
    const std::string_view request = kRequest;
    scene.segment(client(1), kTarget, "A", request.substr(0, 3));
    scene.segment(client(1), kTarget, "A", request.substr(3, 50));
    scene.segment(client(1), kTarget, "A", request.substr(53));
    scene.segment(kTarget, client(1), "A", "HTTP/1.1 2")
        .segment(kTarget, client(1), "A", "04\r\n\r\n");
    BOOST_TEST(scene.told() == "check passed; initial -> healthy; ");
}

BOOST_AUTO_TEST_CASE(clients_give_evidence) {
    Scene scene(Http);
    scene.open(client(1)).segment(client(1), kTarget, "A", kRequest);
    scene.segment(kTarget, client(1), "A", "HTTP/1.1 200 OK\r\n\r\n");
    BOOST_TEST(scene.told() == "check passed; initial -> healthy; ");
    // A reset before data; one after data is none.
    scene.open(client(2)).segment(client(2), kTarget, "A", "GET /page HTTP/1.1\r\n\r\n");
    scene.segment(kTarget, client(2), "RA");
    BOOST_TEST(scene.told() == "flow reset; ");
    scene.open(client(3)).segment(client(3), kTarget, "A", "x");
    scene.segment(kTarget, client(3), "A", "y").segment(kTarget, client(3), "RA");
    BOOST_TEST(scene.told() == "");
    // An answer that takes long is none either.
    scene.open(client(4)).segment(client(4), kTarget, "A", "x").after(60'000);
    BOOST_TEST(scene.told() == "");
    for (std::uint16_t port = 6; port <= 8; ++port) {
        scene.open(client(port)).segment(client(port), kTarget, "A", "x");
        scene.segment(kTarget, client(port), "RA");
    }
    BOOST_TEST(scene.told() == "flow reset; flow reset; flow reset; healthy -> unhealthy; ");
    BOOST_TEST(*scene.observer().states().at(0).description ==
               "Health checks failed: 1 flow reset");
}

BOOST_AUTO_TEST_CASE(a_source_or_a_port_of_its_own_tells_checks) {
    Scene by_source(Tcp, "192.0.2.99");
    const Endpoint node = end("192.0.2.99", 4000);
    by_source.open(node);
    BOOST_TEST(by_source.told() == "check passed; initial -> healthy; ");
    by_source.segment(client(1), kTarget, "S").segment(kTarget, client(1), "RA");
    BOOST_TEST(by_source.told() == "flow refused; ");
    by_source.segment(client(2), kTarget, "S").after(29'999);
    BOOST_TEST(by_source.told() == "");
    by_source.after(1);
    BOOST_TEST(by_source.told() == "flow silent; healthy -> unhealthy; ");

    Scene by_port(Tcp, nullptr, 9000);
    by_port.open(client(1), end("10.0.0.1", 9000));
    BOOST_TEST(by_port.told() == "check passed; initial -> healthy; ");
    by_port.open(client(2)).segment(client(2), kTarget, "FA");
    BOOST_TEST(by_port.told() == "");
}

BOOST_AUTO_TEST_CASE(https_answers_are_seen_but_not_read) {
    const auto record = [](char type, std::string_view body) {
        return std::string{type, 3, 3, 0, static_cast<char>(body.size())} + std::string(body);
    };
    Scene scene(Https, "192.0.2.7");
    scene.open(client(1)).segment(client(1), kTarget, "A", record(22, "client hello"));
    scene.segment(kTarget, client(1), "A", record(22, "server hello") + record(20, "c"));
    BOOST_TEST(scene.told() == "");
    const std::string answer = record(22, "finished") + record(23, "sealed");
    scene.segment(kTarget, client(1), "A", answer.substr(0, 7));
    scene.segment(kTarget, client(1), "A", answer.substr(7));
    BOOST_TEST(scene.told() == "check passed; initial -> healthy; ");
    scene.open(client(2)).segment(client(2), kTarget, "A", record(22, "client hello"));
    scene.segment(kTarget, client(2), "A", record(21, "\x02\x46"));
    BOOST_TEST(scene.told() == "check tls-failed; ");
    scene.open(client(3)).segment(client(3), kTarget, "A", record(22, "client hello"));
    scene.segment(kTarget, client(3), "A", "HTTP/1.1 400 Bad Request\r\n");
    BOOST_TEST(scene.told() == "check tls-failed; healthy -> unhealthy; ");
}

BOOST_AUTO_TEST_CASE(what_begins_before_the_capture_or_goes_elsewhere_is_nothing) {
    Scene scene(Tcp);
    scene.segment(client(1), kTarget, "A", "x").segment(kTarget, client(1), "RA");
    scene.segment(client(1), end("10.0.0.2", 8080), "S");
    scene.after(60'000);
    BOOST_TEST(scene.told() == "");
    BOOST_TEST(scene.observer().connections() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
