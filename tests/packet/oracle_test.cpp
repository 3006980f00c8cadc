// SPDX-License-Identifier: Apache-2.0
// Which target a new flow meets, decided a second time by the slow flow hash and the slow ring of
// tests/support, which share no code with the library.
#include "packet/cast.hpp"
#include "support/flow_hash_oracle.hpp"
#include "support/slow_ring.hpp"
#include "tables/build.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

using namespace nlb::test;

namespace {

constexpr std::uint32_t kSlots = 4093; // of a group of up to four targets
constexpr int kFlows = 1000;

std::string target_id(const Cast& c, int number) {
    return std::string(c.target) + std::to_string(number);
}

Lines three_targets(const Cast& c, bool sticky) {
    const Setting setting{.sticky = sticky,
                          .protocol = nlb::model::Protocol::TcpUdp,
                          .group = "tg-" + std::string(c.target)};
    Lines lines = listener(c, setting);
    for (int number = 1; number <= 3; ++number) {
        auto route =
            route_line(c.target, static_cast<std::uint16_t>(8080 + number), true, setting.group);
        route.target.value = target_id(c, number);
        lines.emplace_back(route);
    }
    return lines;
}

/// A flow that nobody opened before.
HashInput random_flow(const Cast& c, std::mt19937_64& random, int number, bool sticky) {
    HashInput flow;
    flow.version = c.client == kCast6.client ? 6 : 4;
    flow.protocol = random() % 2 == 0 ? 6 : 17;
    flow.source = address_bytes(c.client);
    flow.source.back() = static_cast<std::uint8_t>(random());
    flow.destination = address_bytes(c.node);
    flow.source_port = static_cast<unsigned>(1 + number);
    flow.destination_port = 80;
    flow.sequence = flow.protocol == 6 ? static_cast<std::uint32_t>(random()) : 0;
    flow.sticky = sticky;
    return flow;
}

PacketBuilder packet_of(const Cast& c, const HashInput& flow) {
    const auto source = nlb::IpAddress::from_bytes(flow.source).text();
    auto packet = PacketBuilder()
                      .from(source, static_cast<std::uint16_t>(flow.source_port))
                      .to(c.node, 80)
                      .sequence(flow.sequence);
    return flow.protocol == 17 ? packet.udp() : packet;
}

void compare(bool sticky) {
    const auto tables =
        nlb::tables::build(three_targets(kCast4, sticky) + three_targets(kCast6, sticky)).value();
    for (const Cast& c : kBoth) {
        const auto owners =
            nlb::support::SlowRing({target_id(c, 1), target_id(c, 2), target_id(c, 3)}, kSlots)
                .owners();
        for (const Engine& engine : engines(tables)) {
            std::mt19937_64 random(2023);
            std::set<std::string> met;
            for (int number = 0; number < kFlows; ++number) {
                const HashInput flow = random_flow(c, random, number, sticky);
                Frame frame = packet_of(c, flow).build();
                const auto verdict = engine.decide(frame, nlb::Nanos::seconds(1)).verdict;
                BOOST_REQUIRE(verdict.reason == NLB_REASON_NEW_FLOW);
                const std::string& chosen = tables.targets()[verdict.target].id.value;
                BOOST_REQUIRE_EQUAL(chosen, owners[oracle_slot(oracle_hash(flow), kSlots)]);
                met.insert(chosen);
            }
            BOOST_TEST(met.size() == 3U, engine.name);
        }
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(packet_oracle)

BOOST_AUTO_TEST_CASE(a_new_flow_meets_the_target_that_hash_and_ring_name) {
    compare(false);
}

BOOST_AUTO_TEST_CASE(a_sticky_client_meets_the_target_that_its_address_names) {
    compare(true);
}

BOOST_AUTO_TEST_SUITE_END()
