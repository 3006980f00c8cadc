// SPDX-License-Identifier: Apache-2.0
#include "flow/flow_table.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <random>

using nlb::flow::FlowTable;
using nlb::flow::FlowTable4;
using nlb::flow::FlowTable6;

namespace {

/// Few enough that keys meet again, spread or side by side.
nlb_flow_key some_key(std::uint64_t number) {
    nlb_flow_key key{};
    key.source_be = static_cast<std::uint32_t>(number / 64);
    key.source_port_be = static_cast<std::uint16_t>(number % 64);
    key.protocol = NLB_PROTOCOL_TCP;
    return key;
}

nlb_flow4 some_value(std::uint64_t number) {
    nlb_flow4 value{};
    value.flow.bytes = number;
    return value;
}

using Model = std::map<std::uint64_t, std::uint64_t>; // number of the key, bytes

/// The table holds what the model holds, nothing else, each once.
void require_equal(const FlowTable4& table, const Model& model) {
    BOOST_REQUIRE_EQUAL(table.size(), model.size());
    std::size_t seen = 0;
    table.for_each([&](const nlb_flow_key& key, const nlb_flow4& value) {
        ++seen;
        const auto at = model.find(key.source_be * std::uint64_t{64} + key.source_port_be);
        BOOST_REQUIRE(at != model.end());
        BOOST_REQUIRE_EQUAL(value.flow.bytes, at->second);
    });
    BOOST_REQUIRE_EQUAL(seen, model.size());
    for (const auto& [number, bytes] : model) {
        const nlb_flow4* found = table.find(some_key(number));
        BOOST_REQUIRE(found != nullptr);
        BOOST_REQUIRE_EQUAL(found->flow.bytes, bytes);
    }
}

/// Mostly inserts while `grows`, mostly erasures otherwise.
void play(FlowTable4& table, Model& model, std::mt19937_64& random, int steps, bool grows) {
    for (int step = 0; step < steps; ++step) {
        const std::uint64_t number = random() % 6000;
        const bool inserts = (random() % 4 != 0) == grows;
        if (inserts && !model.contains(number)) {
            table.insert(some_key(number), some_value(model[number] = random()));
        } else if (!inserts) {
            table.erase(some_key(number));
            model.erase(number);
        }
        const bool there = table.find(some_key(number)) != nullptr;
        BOOST_REQUIRE_EQUAL(there, model.contains(number));
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(flow_flow_table)

BOOST_AUTO_TEST_CASE(random_inserts_and_erasures_leave_what_a_map_holds) {
    std::mt19937_64 random(2023);
    FlowTable4 table;
    Model model;
    for (int round = 0; round < 12; ++round) {
        play(table, model, random, 6000, round % 2 == 0);
        require_equal(table, model);
    }
}

BOOST_AUTO_TEST_CASE(an_empty_table_finds_and_erases_nothing) {
    FlowTable4 table;
    table.erase(some_key(1));
    BOOST_TEST(table.find(some_key(1)) == nullptr);
    BOOST_TEST(table.size() == 0U);
}

BOOST_AUTO_TEST_CASE(what_follows_an_erased_entry_is_still_found) {
    // At the fullest the index gets: chains run over each other and around the end.
    constexpr std::uint64_t kFull = 896;
    for (std::uint64_t erased = 0; erased < kFull; ++erased) {
        FlowTable4 table;
        for (std::uint64_t i = 0; i < kFull; ++i)
            table.insert(some_key(i), some_value(i));
        table.erase(some_key(erased));
        bool all = true;
        for (std::uint64_t i = 0; i < kFull; ++i)
            all = all && (table.find(some_key(i)) != nullptr) == (i != erased);
        BOOST_REQUIRE_MESSAGE(all, "after erasing key " << erased);
    }
}

BOOST_AUTO_TEST_CASE(values_stay_where_they_are_while_the_table_grows_and_shrinks) {
    FlowTable4 table;
    table.insert(some_key(0), some_value(7));
    nlb_flow4* const first = table.find(some_key(0));
    for (std::uint64_t i = 1; i < 5000; ++i)
        table.insert(some_key(i), some_value(i));
    for (std::uint64_t i = 1; i < 5000; i += 2)
        table.erase(some_key(i));
    BOOST_TEST(table.find(some_key(0)) == first);
    BOOST_TEST(first->flow.bytes == 7U);
}

BOOST_AUTO_TEST_CASE(room_of_erased_entries_is_used_again) {
    FlowTable4 table;
    std::array<const nlb_flow4*, 100> places{};
    for (std::uint64_t i = 0; i < places.size(); ++i)
        table.insert(some_key(i), some_value(i));
    for (std::uint64_t i = 0; i < places.size(); ++i)
        places[i] = table.find(some_key(i));
    for (std::uint64_t i = 0; i < places.size(); ++i)
        table.erase(some_key(i));
    for (std::uint64_t i = 0; i < places.size(); ++i) {
        table.insert(some_key(1000 + i), some_value(i));
        const bool reused =
            std::find(places.begin(), places.end(), table.find(some_key(1000 + i))) != places.end();
        BOOST_REQUIRE(reused);
    }
}

BOOST_AUTO_TEST_CASE(a_flow_costs_two_entries_and_little_more) {
    // The index has 4 bytes a place and is at least 7/16 full after it grew.
    constexpr std::size_t kIndex = (2 * 4 * 16 + 6) / 7;
    constexpr std::size_t kFlow4 = 2 * (sizeof(nlb_flow_key) + sizeof(nlb_flow4)) + kIndex;
    constexpr std::size_t kFlow6 = 2 * (sizeof(nlb_tuple) + sizeof(nlb_flow6)) + kIndex;
    BOOST_TEST(kFlow4 <= 200U);
    BOOST_TEST(kFlow6 <= 300U);
}

BOOST_AUTO_TEST_CASE(keys_of_ipv6_differ_in_every_byte_that_matters) {
    FlowTable6 table;
    nlb_tuple key{};
    key.family = 6;
    table.insert(key, {});
    for (std::size_t byte = 0; byte < sizeof(key); ++byte) {
        nlb_tuple other = key;
        reinterpret_cast<std::uint8_t*>(&other)[byte] ^= 0x40U;
        BOOST_TEST(table.find(other) == nullptr);
    }
    BOOST_TEST(table.find(key) != nullptr);
}

BOOST_AUTO_TEST_SUITE_END()
