// SPDX-License-Identifier: Apache-2.0
#include "kernel/sweeper.hpp"

#include "io/clock.hpp"

#include "l4/l4_age.h"

#include <boost/test/unit_test.hpp>

#include <optional>

using namespace nlb;
using namespace nlb::kernel;

namespace {

constexpr std::uint32_t kIdleMs = 5000;
constexpr std::uint32_t kUnwell = 3; // index of a target
constexpr std::uint32_t kGone = 4;

/// A flow of client port `port`, last seen `ago` seconds ago.
FlowEntry flow_of(std::uint16_t port, std::uint32_t state, std::int64_t ago = 0) {
    FlowEntry entry;
    entry.key.source_be[0] = nlb_hton32(0xc0000201); // 192.0.2.1
    entry.key.destination_be[0] = nlb_hton32(0x0a500001);
    entry.key.source_port_be = nlb_hton16(port);
    entry.key.destination_port_be = nlb_hton16(80);
    entry.key.protocol = NLB_PROTOCOL_TCP;
    entry.key.family = 4;
    entry.becomes = entry.key;
    entry.becomes.destination_be[0] = nlb_hton32(0x0a50010b);
    const Nanos last = io::now() - Nanos::seconds(ago);
    entry.flow.last = nlb_moment(static_cast<std::uint64_t>(last.ns));
    entry.flow.opened_s = static_cast<std::uint32_t>(last.ns / 1'000'000'000);
    entry.flow.idle_ms = kIdleMs;
    entry.flow.listener = 7;
    entry.flow.state = static_cast<std::uint16_t>(state);
    return entry;
}

/// The programs' table, a sweeper over it, and what that says.
struct Table {
    Table() {
        auto made = io::EventLoop::make();
        BOOST_REQUIRE(made);
        loop.emplace(std::move(*made));
        Sweeper::Handlers handlers;
        handlers.on_ended = [this](const EndedFlow& one) { ended.push_back(one); };
        handlers.on_sign = [this](const nlb_flow&, Sign sign) { signs.push_back(sign); };
        handlers.target_flags = [](std::uint32_t index, std::uint32_t) -> std::uint32_t {
            if (index == kUnwell) return NLB_TARGET_REGISTERED | NLB_TARGET_UNHEALTHY;
            return index == kGone ? NLB_TARGET_TERMINATED : NLB_TARGET_REGISTERED;
        };
        handlers.on_walked = [this](Nanos) { loop->stop(); };
        sweeper.emplace(*loop, flows, std::move(handlers));
    }

    void put(const FlowEntry& entry) { BOOST_REQUIRE(flows.put(entry) == NLB_PUT_DONE); }

    /// The entry of the target's direction.
    void put_reply(const FlowEntry& client, std::uint64_t bytes) {
        FlowEntry reply;
        reply.key = client.other_key();
        reply.becomes = client.key;
        std::swap(reply.becomes.source_be, reply.becomes.destination_be);
        std::swap(reply.becomes.source_port_be, reply.becomes.destination_port_be);
        reply.flow = client.flow;
        reply.flow.state = NLB_FLOW_REPLY;
        reply.flow.bytes = bytes;
        put(reply);
    }

    [[nodiscard]] bool has(const nlb_tuple& key) const { return flows.find(key).has_value(); }

    void walk(Nanos told_until = {}) {
        sweeper->start(told_until);
        BOOST_REQUIRE(loop->run());
    }

    void tell(nlb_event_kind kind, const FlowEntry& entry) {
        nlb_flow_event event{};
        event.kind = kind;
        event.ends = {entry.key, entry.becomes};
        event.flow = entry.flow;
        sweeper->take(event);
    }

    FlowEnd only_end() const {
        BOOST_REQUIRE(ended.size() == 1U);
        return ended[0].end;
    }

    io::FlowMaps flows = io::FlowMaps::make(1024).value();
    std::optional<io::EventLoop> loop;
    std::optional<Sweeper> sweeper;
    std::vector<EndedFlow> ended;
    std::vector<Sign> signs;
};

FlowEnd end_of(const FlowEntry& entry) {
    Table table;
    table.put(entry);
    table.walk();
    return table.only_end();
}

} // namespace

BOOST_AUTO_TEST_SUITE(sweeper)

BOOST_AUTO_TEST_CASE(every_end_has_its_name) {
    const std::uint32_t fins = NLB_FLOW_CLIENT_FIN | NLB_FLOW_TARGET_FIN;
    BOOST_TEST(to_text(end_of(flow_of(1, NLB_FLOW_ANSWERED | fins))) == "closed");
    BOOST_TEST(to_text(end_of(flow_of(1, NLB_FLOW_CLIENT_RST))) == "client-reset");
    BOOST_TEST(to_text(end_of(flow_of(1, NLB_FLOW_TARGET_RST))) == "target-reset");
    BOOST_TEST(to_text(end_of(flow_of(1, NLB_FLOW_TARGET_RST | NLB_FLOW_REFUSED))) ==
               "target-refused");
    BOOST_TEST(to_text(end_of(flow_of(1, NLB_FLOW_ANSWERED, 6))) == "idle-timeout");
    BOOST_TEST(to_text(end_of(flow_of(1, 0, 6))) == "target-timeout");
    FlowEntry entry = flow_of(1, NLB_FLOW_ANSWERED);
    entry.flow.target = kUnwell;
    BOOST_TEST(to_text(end_of(entry)) == "target-unhealthy");
    entry.flow.target = kGone;
    BOOST_TEST(to_text(end_of(entry)) == "target-deregistered");
}

BOOST_AUTO_TEST_CASE(live_flows_are_counted_and_left_alone) {
    Table table;
    const FlowEntry one = flow_of(1, NLB_FLOW_ANSWERED);
    const FlowEntry other = flow_of(2, NLB_FLOW_ANSWERED | NLB_FLOW_CLIENT_FIN);
    for (const FlowEntry& entry : {one, other}) {
        table.put(entry);
        table.put_reply(entry, 0);
    }
    table.walk();
    BOOST_TEST(table.ended.empty());
    BOOST_TEST(table.sweeper->active().at(nlb_counters_place(7, NLB_PROTOCOL_TCP)) == 2U);
    BOOST_TEST((table.has(one.key) && table.has(one.other_key())));
}

BOOST_AUTO_TEST_CASE(an_end_comes_with_both_directions_and_its_time) {
    Table table;
    FlowEntry entry = flow_of(1, NLB_FLOW_ANSWERED, 6);
    entry.flow.bytes = 100;
    table.put(entry);
    table.put_reply(entry, 2000);
    table.walk();
    BOOST_REQUIRE(table.ended.size() == 1U);
    BOOST_TEST(table.ended[0].client.flow.bytes == 100U);
    BOOST_TEST(table.ended[0].target_bytes == 2000U);
    const std::int64_t moment = table.ended[0].ended.ns - std::int64_t{kIdleMs} * 1'000'000;
    BOOST_TEST(nlb_moment(static_cast<std::uint64_t>(moment)) == entry.flow.last);
}

BOOST_AUTO_TEST_CASE(an_end_is_told_once_and_late_packets_still_find_it) {
    Table table;
    const FlowEntry entry = flow_of(1, NLB_FLOW_CLIENT_RST);
    table.put(entry);
    table.tell(NLB_EVENT_CLOSED, entry);
    table.tell(NLB_EVENT_CLOSED, entry);
    table.walk();
    BOOST_TEST(table.ended.size() == 1U);
    BOOST_TEST(table.has(entry.key));
}

BOOST_AUTO_TEST_CASE(what_an_earlier_process_told_is_not_told_again) {
    Table table;
    table.put(flow_of(1, NLB_FLOW_CLIENT_RST, 3));
    table.put(flow_of(2, NLB_FLOW_CLIENT_RST, 1));
    table.walk(io::now() - Nanos::seconds(2));
    BOOST_REQUIRE(table.ended.size() == 1U);
    BOOST_TEST(table.ended[0].client.key.source_port_be == nlb_hton16(2));
}

BOOST_AUTO_TEST_CASE(an_event_is_told_with_the_numbers_of_the_table) {
    Table table;
    FlowEntry entry = flow_of(1, NLB_FLOW_CLIENT_RST);
    entry.flow.bytes = 500;
    table.put(entry);
    entry.flow.bytes = 100;
    table.tell(NLB_EVENT_CLOSED, entry);
    BOOST_REQUIRE(table.ended.size() == 1U);
    BOOST_TEST(table.ended[0].client.flow.bytes == 500U);
}

BOOST_AUTO_TEST_CASE(another_flow_of_the_same_port_does_not_lend_its_numbers) {
    Table table;
    FlowEntry later = flow_of(1, NLB_FLOW_ANSWERED);
    later.flow.bytes = 500;
    table.put(later);
    FlowEntry entry = flow_of(1, NLB_FLOW_CLIENT_RST, 3);
    entry.flow.bytes = 100;
    table.tell(NLB_EVENT_CLOSED, entry);
    BOOST_REQUIRE(table.ended.size() == 1U);
    BOOST_TEST(table.ended[0].client.flow.bytes == 100U);
}

BOOST_AUTO_TEST_CASE(signs_of_unwell_targets_are_of_tcp) {
    Table table;
    FlowEntry entry = flow_of(1, 0);
    table.tell(NLB_EVENT_REFUSED, entry);
    table.tell(NLB_EVENT_RESET, entry);
    entry.key.protocol = NLB_PROTOCOL_UDP;
    table.tell(NLB_EVENT_REFUSED, entry);
    table.tell(NLB_EVENT_RESET, entry);
    BOOST_TEST((table.signs == std::vector{Sign::Refused, Sign::Reset}));
    BOOST_TEST(table.ended.empty());
}

BOOST_AUTO_TEST_CASE(a_target_that_says_nothing_is_told_once) {
    Table table;
    FlowEntry entry = flow_of(1, 0);
    entry.flow.opened_s -= 31;
    table.put(entry);
    table.put(flow_of(2, 0));
    table.walk();
    BOOST_TEST((table.signs == std::vector{Sign::Silent}));
}

BOOST_AUTO_TEST_CASE(entries_that_lead_nowhere_go_and_others_stay) {
    Table table;
    // A walk looks at some of the entries of targets' directions: these are enough for some.
    std::vector<FlowEntry> whole;
    std::vector<FlowEntry> lost;
    for (std::uint16_t port = 1; port <= 300; ++port) {
        auto& flows = port % 2 == 0 ? whole : lost;
        flows.push_back(flow_of(port, NLB_FLOW_ANSWERED));
        flows.back().flow.opened_s = 1000;
        if (port % 2 == 0) table.put(flows.back());
        table.put_reply(flows.back(), 0);
    }
    table.walk();
    const auto left = [&](const std::vector<FlowEntry>& flows) {
        return std::count_if(flows.begin(), flows.end(),
                             [&](const FlowEntry& one) { return table.has(one.other_key()); });
    };
    BOOST_TEST(left(whole) == 150);
    BOOST_TEST(left(lost) < 150);
}

BOOST_AUTO_TEST_SUITE_END()
