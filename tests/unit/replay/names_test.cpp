// SPDX-License-Identifier: Apache-2.0
#include "replay/names.hpp"
#include "support/route_lines.hpp"
#include "tables/build.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb::test;
using nlb::Endpoint;
using nlb::replay::kNobody;
using nlb::replay::Names;

namespace {

nlb::flow::Tables tables(std::uint16_t port, std::string_view target,
                         const nlb::flow::Tables* previous = nullptr) {
    const std::vector<nlb::contract::Message> lines{listener_line(port), routing_line("tg-1", true),
                                                    route_line(target)};
    return nlb::tables::build(lines, {}, previous).value();
}

const Endpoint kClient{ip("192.0.2.1"), 40'000};

/// A client's packet to the listener of this port that goes to a target at this address.
nlb::flow::Decision client_packet(std::uint16_t port, std::string_view target) {
    nlb::flow::Decision decision;
    decision.verdict.listener = 0;
    decision.verdict.target = 0;
    decision.verdict.action = NLB_FORWARD;
    decision.desc.key = nlb::flow::tuple_of(kClient, {ip("198.51.100.1"), port}, NLB_PROTOCOL_TCP);
    decision.verdict.becomes = nlb::flow::tuple_of(kClient, {ip(target), 8080}, NLB_PROTOCOL_TCP);
    return decision;
}

/// The answer to it.
nlb::flow::Decision reply(std::uint16_t port, std::string_view target) {
    nlb::flow::Decision decision = client_packet(port, target);
    decision.desc.key = nlb::flow::tuple_of({ip(target), 8080}, kClient, NLB_PROTOCOL_TCP);
    decision.verdict.becomes =
        nlb::flow::tuple_of({ip("198.51.100.1"), port}, kClient, NLB_PROTOCOL_TCP);
    return decision;
}

struct Said {
    std::string listener;
    std::string target;
    bool operator==(const Said&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Said& names) {
    return out << names.listener << ' ' << names.target;
}

Said of(const Names& names, const nlb::flow::Decision& decision) {
    return {names.listeners().at(names.listener(decision)).id.value,
            names.targets().at(names.target(decision)).id.value};
}

const Said kOld{"listener-80", "10.0.1.1:8080"};
const Said kNew{"listener-81", "10.0.1.2:8080"};

} // namespace

BOOST_AUTO_TEST_SUITE(replay_names)

BOOST_AUTO_TEST_CASE(packets_have_the_names_of_the_tables) {
    const auto first = tables(80, "10.0.1.1");
    const Names names(first);
    BOOST_TEST(of(names, client_packet(80, "10.0.1.1")) == kOld);
    nlb::flow::Decision nobody;
    nobody.verdict.listener = NLB_NONE;
    nobody.verdict.target = NLB_NONE;
    BOOST_TEST(names.listener(nobody) == kNobody);
    BOOST_TEST(names.target(nobody) == kNobody);
}

BOOST_AUTO_TEST_CASE(a_flow_keeps_its_names_when_its_indexes_change_hands) {
    const auto first = tables(80, "10.0.1.1");
    const auto second = tables(81, "10.0.1.2"); // built anew: the same indexes for others
    Names names(first);
    names.set_tables(second);
    BOOST_TEST(of(names, client_packet(80, "10.0.1.1")) == kOld);
    BOOST_TEST(of(names, reply(80, "10.0.1.1")) == kOld);
    BOOST_TEST(of(names, client_packet(81, "10.0.1.2")) == kNew);
    BOOST_TEST(of(names, reply(81, "10.0.1.2")) == kNew);
    names.set_tables(first);
    BOOST_TEST(of(names, reply(81, "10.0.1.2")) == kNew);
    BOOST_TEST(names.targets().size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_free_index_keeps_its_name_and_adds_none) {
    const auto first = tables(80, "10.0.1.1");
    const auto none = nlb::tables::build({}, {}, &first).value();
    Names names(first);
    names.set_tables(none);
    BOOST_TEST(of(names, client_packet(80, "10.0.1.1")) == kOld);
    auto refused = client_packet(80, "10.0.1.1"); // without a way out
    refused.verdict.becomes = {};
    BOOST_TEST(of(names, refused) == kOld);
    BOOST_TEST(names.listeners().size() == 1U);
    BOOST_TEST(names.targets().size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
