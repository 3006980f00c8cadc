// SPDX-License-Identifier: Apache-2.0
#include "io/flow_maps.hpp"

#include "l4/l4_hash.h"

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

using namespace nlb;
using io::FlowEntry;
using io::FlowMaps;

namespace {

FlowEntry entry_of(std::uint32_t number, std::uint8_t family = 4) {
    FlowEntry entry;
    entry.key.source_be[0] = nlb_hton32(0x0a400000U + (number >> 14U));
    entry.key.source_port_be = nlb_hton16(static_cast<std::uint16_t>(number & 0x3fffU));
    entry.key.destination_be[0] = nlb_hton32(0x0a500001);
    entry.key.destination_port_be = nlb_hton16(80);
    entry.key.protocol = NLB_PROTOCOL_TCP;
    entry.key.family = family;
    entry.becomes = entry.key;
    entry.becomes.destination_be[0] = nlb_hton32(0x0a50010b);
    if (family == 6) entry.key.source_be[3] = entry.becomes.source_be[3] = number;
    entry.flow.target = static_cast<std::uint16_t>(number);
    return entry;
}

std::size_t live(const FlowMaps& flows) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < flows.size(); ++i)
        count += flows.read(i) ? 1U : 0U;
    return count;
}

/// An entry is put, found, changed in place and removed.
void come_and_go(const FlowEntry& entry) {
    FlowMaps flows = FlowMaps::make(64).value();
    BOOST_TEST(!flows.find(entry.key));
    BOOST_TEST(flows.put(entry) == NLB_PUT_DONE);
    BOOST_TEST(flows.put(entry) == NLB_PUT_EXISTS);
    const auto found = flows.find(entry.key);
    BOOST_REQUIRE(found);
    BOOST_TEST(found->flow.target == 7U);
    BOOST_TEST(std::memcmp(&found->becomes, &entry.becomes, sizeof entry.becomes) == 0);
    flows.find_in_place(entry.key)->bytes = 99;
    BOOST_TEST(flows.find(entry.key)->flow.bytes == 99U);
    flows.remove(entry.key);
    flows.remove(entry.key);
    BOOST_TEST(!flows.find(entry.key));
    BOOST_TEST(flows.find_in_place(entry.key) == nullptr);
}

/// A table of 2,000 entries and what should be in it.
struct Twin {
    void put(std::uint32_t key) {
        const int full = there.size() == 2000U ? NLB_PUT_FULL : NLB_PUT_DONE;
        const int wanted = there.contains(key) ? NLB_PUT_EXISTS : full;
        BOOST_REQUIRE(flows.put(entry_of(key)) == wanted);
        if (wanted == NLB_PUT_DONE) there.insert(key);
    }

    void remove(std::uint32_t key) {
        flows.remove(entry_of(key).key);
        there.erase(key);
    }

    FlowMaps flows = FlowMaps::make(2000).value();
    std::set<std::uint32_t> there;
};

} // namespace

BOOST_AUTO_TEST_SUITE(flow_maps)

BOOST_AUTO_TEST_CASE(what_was_put_is_found_until_it_is_removed) {
    come_and_go(entry_of(7, 4));
    come_and_go(entry_of(7, 6));
}

BOOST_AUTO_TEST_CASE(a_table_takes_exactly_what_it_says) {
    constexpr std::uint32_t kMost = 60'000;
    FlowMaps flows = FlowMaps::make(kMost).value();
    for (std::uint32_t i = 0; i < kMost; ++i)
        BOOST_REQUIRE(flows.put(entry_of(i)) == NLB_PUT_DONE);
    BOOST_TEST(flows.put(entry_of(kMost)) == NLB_PUT_FULL);
    BOOST_TEST(flows.put(entry_of(0)) == NLB_PUT_EXISTS);
    BOOST_TEST(live(flows) == kMost);
    flows.remove(entry_of(5).key);
    BOOST_TEST(flows.put(entry_of(kMost)) == NLB_PUT_DONE);
    BOOST_TEST(flows.find(entry_of(kMost).key)->flow.target == kMost);
    BOOST_TEST(!flows.find(entry_of(5).key));
}

BOOST_AUTO_TEST_CASE(it_holds_what_a_set_holds_whatever_comes_and_goes) {
    constexpr std::uint32_t kKeys = 3000;
    Twin twin;
    std::uint64_t random = 1;
    for (int i = 0; i < 200'000; ++i) {
        random = nlb_mix64(random + 1);
        const auto key = static_cast<std::uint32_t>(random >> 32U) % kKeys;
        if (random % 2 == 0)
            twin.put(key);
        else
            twin.remove(key);
    }
    for (std::uint32_t key = 0; key < kKeys; ++key)
        BOOST_REQUIRE(twin.flows.find(entry_of(key).key).has_value() == twin.there.contains(key));
    BOOST_TEST(live(twin.flows) == twin.there.size());
}

/// Threads put and remove the same few keys: a key is never there twice, and no entry gets lost.
BOOST_AUTO_TEST_CASE(of_many_who_put_a_key_one_at_most_succeeds) {
    constexpr std::uint32_t kKeys = 16;
    FlowMaps flows = FlowMaps::make(64).value();
    std::array<std::atomic<int>, kKeys> owners{};
    std::atomic<int> twice = 0;
    const auto work = [&](unsigned seed) {
        std::uint64_t random = seed;
        for (int i = 0; i < 100'000; ++i) {
            random = nlb_mix64(random + 1);
            const auto key = static_cast<std::uint32_t>(random % kKeys);
            if (flows.put(entry_of(key)) != NLB_PUT_DONE) continue;
            if (owners[key].fetch_add(1) != 0) twice += 1;
            owners[key].fetch_sub(1);
            flows.remove(entry_of(key).key);
        }
    };
    std::vector<std::thread> threads;
    for (unsigned seed = 1; seed <= 4; ++seed)
        threads.emplace_back(work, seed);
    for (std::thread& thread : threads)
        thread.join();
    BOOST_TEST(twice == 0);
    BOOST_TEST(live(flows) == 0U);
    for (std::uint32_t i = 0; i < 64; ++i) // every entry is free again
        BOOST_REQUIRE(flows.put(entry_of(100 + i)) == NLB_PUT_DONE);
}

BOOST_AUTO_TEST_SUITE_END()
