// SPDX-License-Identifier: Apache-2.0
// Where there is no room: the new-flow guard, the flow table, source ports.
#include "packet/cast.hpp"
#include "tables/build.hpp"

#include <boost/test/unit_test.hpp>

using namespace nlb::test;

namespace {

PacketBuilder nth_client(const Cast& c, std::uint32_t n) {
    // Sources differ in the last digits: 192.0.2.1 to 192.0.2.6, and the same of IPv6.
    const std::string prefix(c.client.substr(0, c.client.size() - 1));
    return from_client(c).from(prefix + std::to_string(1 + n / 10'000),
                               static_cast<std::uint16_t>(10'000 + n % 10'000));
}

void use_up_ports(const Cast& c, const Engine& engine) {
    std::set<std::uint16_t> ports;
    const auto open = [&](std::uint32_t n, std::int64_t second) {
        Frame frame = nth_client(c, n).build();
        return engine.decide(frame, nlb::Nanos::seconds(second)).verdict;
    };
    for (std::uint32_t n = 0; n < NLB_SNAT_PORTS; ++n)
        ports.insert(nlb_ntoh16(open(n, 1).becomes.source_port_be));
    BOOST_TEST(ports.size() == 55'000U, engine.name);
    BOOST_TEST(*ports.begin() == 10'240);
    BOOST_TEST(*ports.rbegin() == 65'239);
    BOOST_TEST(open(NLB_SNAT_PORTS, 1).reason == NLB_REASON_PORTS_EXHAUSTED);
    BOOST_TEST(open(NLB_SNAT_PORTS + 1, 1).reason == NLB_REASON_PORTS_EXHAUSTED);
    BOOST_TEST(engine.counters()[NLB_REASON_PORTS_EXHAUSTED] == 2U);
    // Ports of flows that ended are free again, without a sweep.
    BOOST_TEST(open(NLB_SNAT_PORTS, 400).reason == NLB_REASON_NEW_FLOW);
}

} // namespace

BOOST_AUTO_TEST_SUITE(packet_rows)
BOOST_AUTO_TEST_SUITE(limits)

BOOST_AUTO_TEST_CASE(the_guard_lets_so_many_flows_in_each_second) {
    for (const Cast& c : kBoth) {
        const auto open = [&](double at, std::uint32_t n) {
            return claims(at, nth_client(c, n), NLB_REASON_NEW_FLOW, to_target(c));
        };
        const auto refused = [&](double at, std::uint32_t n) {
            return step(at, nth_client(c, n), NLB_REASON_NEW_FLOW_RATE);
        };
        play({"the guard lets so many flows in each second",
              one_target(c),
              {open(1, 1), open(1.5, 2), refused(1.9, 3), refused(1.95, 3),
               claims(1.99, nth_client(c, 1).flags("A"), NLB_REASON_FLOW, to_target(c, "A")),
               open(2, 3), open(2, 4), refused(2, 5), open(9, 5)},
              {.most_flows = 4096, .new_flows_per_second = 2}});
    }
}

BOOST_AUTO_TEST_CASE(a_full_table_refuses_flows_until_one_ends) {
    for (const Cast& c : kBoth) {
        const auto open = [&](double at, std::uint32_t n) {
            return claims(at, nth_client(c, n), NLB_REASON_NEW_FLOW, to_target(c));
        };
        for (const std::size_t entries : {4U, 5U}) // two flows, and half of a third
            play({"a full table refuses flows until one ends",
                  one_target(c),
                  {open(1, 1), open(1, 2), step(2, nth_client(c, 3), NLB_REASON_TABLE_FULL),
                   claims(3, nth_client(c, 1).flags("R"), NLB_REASON_FLOW, to_target(c, "R")),
                   open(4, 1), // the flow that ended makes room for its successor
                   step(5, nth_client(c, 3), NLB_REASON_TABLE_FULL),
                   claims(6, nth_client(c, 2).flags("A"), NLB_REASON_FLOW, to_target(c, "A"))},
                  {.most_flows = entries}});
    }
}

BOOST_AUTO_TEST_CASE(fifty_five_thousand_flows_share_a_target_and_the_next_one_finds_no_port) {
    for (const Cast& c : kBoth) {
        const auto tables = nlb::tables::build(one_target(c)).value();
        for (const Engine& engine : engines(tables, {.most_flows = 120'000})) {
            const bool is_second = c.client == kCast6.client; // the same text; once is enough
            if (is_second && engine.name != "user") continue;
            use_up_ports(c, engine);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
