// SPDX-License-Identifier: Apache-2.0
#include "support/packet_builder.hpp"

#include "flow/user_engine.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using nlb::Nanos;
using nlb::flow::GroupEntry;
using nlb::flow::ListenerEntry;
using nlb::flow::Tables;
using nlb::flow::TargetEntry;
using nlb::flow::UserEngine;
using nlb::test::Frame;
using nlb::test::PacketBuilder;

namespace {

nlb::IpAddress ip(std::string_view text) {
    return nlb::IpAddress::parse(text).value();
}

/// Port 80 of 198.51.100.1 leads to `count` targets 10.0.1.1 and so on, port 8080.
Tables some_tables(std::uint32_t count, std::uint32_t group_flags = 0) {
    ListenerEntry listener;
    listener.endpoint = {ip("198.51.100.1"), 80};
    listener.value.idle_ms = 350'000;
    GroupEntry group;
    group.value = {0, count == 0 ? 0 : 4093U, group_flags, {}, 0};
    nlb::flow::put_address(ip("10.0.0.5"), group.value.source_be);
    std::vector<TargetEntry> targets;
    std::vector<std::uint32_t> slots;
    for (std::uint32_t i = 0; i < count; ++i) {
        TargetEntry target;
        target.endpoint = {ip("10.0.1." + std::to_string(i + 1)), 8080};
        target.value = {{}, nlb_hton16(8080), NLB_TARGET_REGISTERED, 1, 0};
        nlb::flow::put_address(target.endpoint.address, target.value.address_be);
        targets.push_back(target);
    }
    for (std::uint32_t i = 0; i < group.value.ring_size; ++i)
        slots.push_back(i % count);
    return {{listener}, {group}, slots, targets, {ip("198.51.100.1"), ip("10.0.0.5")}};
}

} // namespace

BOOST_AUTO_TEST_SUITE(flow_user_engine)

BOOST_AUTO_TEST_CASE(a_connection_goes_where_its_syn_would_go) {
    const Tables tables = some_tables(7);
    UserEngine engine(tables);
    std::set<std::uint32_t> seen;
    for (std::uint16_t port = 20'000; port < 20'500; ++port) {
        Frame frame = PacketBuilder().from("192.0.2.7", port).sequence(port * 77'777U).build();
        const auto decision = engine.decide(frame, Nanos::seconds(1));
        const auto target = nlb::flow::decide(
            tables, 0,
            {{ip("192.0.2.7"), port}, {ip("198.51.100.1"), 80}, std::uint32_t{port} * 77'777U});
        BOOST_REQUIRE(target.has_value());
        BOOST_REQUIRE_EQUAL(decision.verdict.target, *target);
        seen.insert(*target);
    }
    BOOST_TEST(seen.size() == 7U);
}

BOOST_AUTO_TEST_CASE(a_connection_of_ipv6_has_a_target_too) {
    const Tables tables = some_tables(3);
    std::set<std::uint32_t> seen;
    for (std::uint16_t port = 1; port < 100; ++port) {
        const auto target =
            nlb::flow::decide(tables, 0, {{ip("2001:db8::1"), port}, {ip("2001:db8::2"), 80}, 5});
        BOOST_REQUIRE(target.has_value());
        seen.insert(*target);
    }
    BOOST_TEST(seen.size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_group_without_targets_has_none_to_offer) {
    const Tables tables = some_tables(0);
    BOOST_TEST(!nlb::flow::decide(tables, 0, {{ip("192.0.2.7"), 1}, {ip("198.51.100.1"), 80}, 5})
                    .has_value());
}

BOOST_AUTO_TEST_CASE(sticky_connections_of_one_client_meet_one_target) {
    const Tables tables = some_tables(7, NLB_GROUP_STICKY);
    std::set<std::uint32_t> seen;
    for (std::uint16_t port = 1; port < 100; ++port)
        seen.insert(*nlb::flow::decide(tables, 0,
                                       {{ip("192.0.2.7"), port}, {ip("198.51.100.1"), 80}, port}));
    BOOST_TEST(seen.size() == 1U);
}

BOOST_AUTO_TEST_CASE(fifty_five_thousand_flows_share_a_target_and_no_source_port) {
    const Tables tables = some_tables(1);
    UserEngine engine(tables);
    std::set<std::uint16_t> ports;
    for (std::uint32_t i = 0; i < NLB_SNAT_PORTS + 1; ++i) {
        Frame frame = PacketBuilder()
                          .from("192.0.2." + std::to_string(1 + i / 10'000),
                                static_cast<std::uint16_t>(10'000 + i % 10'000))
                          .build();
        const auto verdict = engine.decide(frame, Nanos::seconds(1)).verdict;
        if (i == NLB_SNAT_PORTS) BOOST_TEST(verdict.reason == NLB_REASON_PORTS_EXHAUSTED);
        if (verdict.action == NLB_FORWARD) ports.insert(nlb_ntoh16(verdict.becomes.source_port_be));
    }
    BOOST_TEST(ports.size() == 55'000U);
    BOOST_TEST(*ports.begin() == 10'240);
    BOOST_TEST(*ports.rbegin() == 65'239);
    BOOST_TEST(engine.counters()[NLB_REASON_PORTS_EXHAUSTED] == 1U);
}

BOOST_AUTO_TEST_CASE(a_full_table_is_a_reason_and_leaves_no_half_flow) {
    const Tables tables = some_tables(1);
    UserEngine engine(tables, {.most_flows = 3});
    for (std::uint16_t port = 1; port <= 2; ++port) {
        Frame frame = PacketBuilder().from("192.0.2.1", port).build();
        const auto verdict = engine.decide(frame, Nanos::seconds(1)).verdict;
        BOOST_TEST(verdict.reason == (port == 1 ? NLB_REASON_NEW_FLOW : NLB_REASON_TABLE_FULL));
    }
    BOOST_TEST(engine.entries() == 2U);
}

BOOST_AUTO_TEST_CASE(a_sweep_forgets_flows_that_ended_long_ago_and_no_others) {
    const Tables tables = some_tables(2);
    UserEngine engine(tables);
    for (std::uint16_t port = 1; port <= 10; ++port) {
        Frame frame = PacketBuilder().from("192.0.2.1", port).build();
        engine.decide(frame, Nanos::seconds(port <= 5 ? 1 : 400));
    }
    BOOST_TEST(engine.entries() == 20U);
    engine.sweep(Nanos::seconds(402), Nanos::seconds(60));
    BOOST_TEST(engine.entries() == 20U);
    engine.sweep(Nanos::seconds(412), Nanos::seconds(60));
    BOOST_TEST(engine.entries() == 10U);
}

BOOST_AUTO_TEST_CASE(flows_of_an_unhealthy_target_are_reset_and_those_of_a_deregistered_one_go_on) {
    const Tables before = some_tables(1);
    for (const bool unhealthy : {true, false}) {
        std::vector<TargetEntry> targets(before.targets().begin(), before.targets().end());
        auto& changed = targets[0].value;
        if (unhealthy)
            changed.flags = NLB_TARGET_REGISTERED | NLB_TARGET_UNHEALTHY;
        else
            changed.generation += 1; // the index belongs to another target now
        const Tables after({before.listeners().begin(), before.listeners().end()},
                           {before.groups().begin(), before.groups().end()},
                           {before.slots().begin(), before.slots().end()}, targets,
                           {ip("198.51.100.1"), ip("10.0.0.5")});
        UserEngine engine(before);
        Frame syn = PacketBuilder().from("192.0.2.1", 7).build();
        BOOST_TEST(engine.decide(syn, Nanos::seconds(1)).verdict.reason == NLB_REASON_NEW_FLOW);
        engine.set_tables(after);
        const auto verdict_of = [&](const char* flags) {
            Frame frame = PacketBuilder().from("192.0.2.1", 7).flags(flags).build();
            return engine.decide(frame, Nanos::seconds(2)).verdict.reason;
        };
        BOOST_TEST(verdict_of("A") == (unhealthy ? NLB_REASON_TARGET_UNHEALTHY : NLB_REASON_FLOW));
        BOOST_TEST(verdict_of("R") == (unhealthy ? NLB_REASON_STRAY_RESET : NLB_REASON_FLOW));
        BOOST_TEST(verdict_of("S") == NLB_REASON_NEW_FLOW);
    }
}

namespace {

/// The kinds of events that a packet of the flow makes; `from_target`: of its other direction.
std::vector<nlb_event_kind> events_of(UserEngine& engine, const char* flags, bool from_target,
                                      const char* payload = "") {
    static std::uint16_t port = 0; // of the last flow that was opened
    PacketBuilder packet;
    packet.from("192.0.2.1", 7).flags(flags).payload(payload);
    if (from_target) packet.from("10.0.1.1", 8080).to("10.0.0.5", port);
    Frame frame = packet.build();
    const auto verdict = engine.decide(frame, Nanos::seconds(1)).verdict;
    if (verdict.reason == NLB_REASON_NEW_FLOW) port = nlb_ntoh16(verdict.becomes.source_port_be);
    std::vector<nlb_event_kind> kinds;
    for (const auto& event : engine.events())
        kinds.push_back(event.kind);
    return kinds;
}

using Kinds = std::vector<nlb_event_kind>;

} // namespace

BOOST_AUTO_TEST_CASE(a_refused_connection_is_told_as_evidence_against_the_target) {
    const Tables tables = some_tables(1);
    UserEngine engine(tables);
    engine.keep_events();
    BOOST_TEST((events_of(engine, "S", false) == Kinds{NLB_EVENT_OPENED}));
    BOOST_TEST((events_of(engine, "S", false) == Kinds{}));
    BOOST_TEST((events_of(engine, "RA", true) == Kinds{NLB_EVENT_REFUSED, NLB_EVENT_CLOSED}));
    BOOST_TEST((events_of(engine, "RA", true) == Kinds{}));
}

BOOST_AUTO_TEST_CASE(a_reset_is_evidence_only_before_the_target_sent_data) {
    const Tables tables = some_tables(1);
    for (const bool answered : {false, true}) {
        UserEngine engine(tables);
        engine.keep_events();
        events_of(engine, "S", false);
        BOOST_TEST((events_of(engine, "SA", true) == Kinds{}));
        BOOST_TEST((events_of(engine, "PA", false, "GET /") == Kinds{}));
        BOOST_TEST((events_of(engine, "PA", true, answered ? "200" : "") == Kinds{}));
        const Kinds wanted =
            answered ? Kinds{NLB_EVENT_CLOSED} : Kinds{NLB_EVENT_RESET, NLB_EVENT_CLOSED};
        BOOST_TEST((events_of(engine, "R", true) == wanted));
    }
}

BOOST_AUTO_TEST_CASE(a_flow_is_closed_once_both_sides_sent_fin) {
    const Tables tables = some_tables(1);
    UserEngine engine(tables);
    engine.keep_events();
    events_of(engine, "S", false);
    BOOST_TEST((events_of(engine, "FA", false) == Kinds{}));
    BOOST_TEST((events_of(engine, "FA", true) == Kinds{NLB_EVENT_CLOSED}));
    BOOST_TEST((events_of(engine, "A", false) == Kinds{}));
}

BOOST_AUTO_TEST_SUITE_END()
