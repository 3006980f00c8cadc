// SPDX-License-Identifier: Apache-2.0
#include "support/flow_hash_oracle.hpp"

#include "l4/l4_hash.h"
#include "l4/l4_tuple.h"

#include <boost/test/unit_test.hpp>

#include <bit>
#include <cstring>
#include <random>

using nlb::test::HashInput;
using nlb::test::oracle_hash;

namespace {

nlb_tuple key_of(const HashInput& in) {
    nlb_tuple key{};
    std::memcpy(key.source_be, in.source.data(), in.source.size());
    std::memcpy(key.destination_be, in.destination.data(), in.destination.size());
    key.source_port_be = nlb_hton16(static_cast<std::uint16_t>(in.source_port));
    key.destination_port_be = nlb_hton16(static_cast<std::uint16_t>(in.destination_port));
    key.protocol = static_cast<std::uint8_t>(in.protocol);
    key.family = static_cast<std::uint8_t>(in.version);
    return key;
}

std::uint32_t hash_of(const nlb_tuple& key, std::uint32_t sequence, bool sticky) {
    return nlb_flow_hash(&key, sequence, sticky ? 1U : 0U, key.family == 6 ? 1 : 0);
}

HashInput random_input(std::mt19937_64& random, unsigned version) {
    HashInput in;
    in.version = version;
    for (auto* address : {&in.source, &in.destination}) {
        for (int i = 0; i < (version == 4 ? 4 : 16); ++i)
            address->push_back(static_cast<std::uint8_t>(random()));
    }
    in.source_port = static_cast<std::uint16_t>(random());
    in.destination_port = static_cast<std::uint16_t>(random());
    in.sequence = static_cast<std::uint32_t>(random());
    in.sticky = random() % 2 == 0;
    return in;
}

} // namespace

BOOST_AUTO_TEST_SUITE(l4_hash)

BOOST_AUTO_TEST_CASE(the_hash_is_what_its_documentation_says) {
    std::mt19937_64 random(2023);
    for (unsigned round = 0; round < 40'000; ++round) {
        HashInput in = random_input(random, round % 2 == 0 ? 4 : 6);
        if (round % 3 == 0) in.protocol = 17;
        BOOST_REQUIRE_EQUAL(hash_of(key_of(in), in.sequence, in.sticky), oracle_hash(in));
    }
}

BOOST_AUTO_TEST_CASE(a_hash_never_changes_between_versions) {
    const HashInput in{.source = {192, 0, 2, 1},
                       .destination = {198, 51, 100, 7},
                       .source_port = 40000,
                       .destination_port = 443,
                       .sequence = 0x01020304};
    const nlb_tuple key = key_of(in);
    BOOST_TEST(hash_of(key, in.sequence, false) == 0x1479ef18U);
    BOOST_TEST(hash_of(key, in.sequence, true) == 0x94fe38e2U);
}

BOOST_AUTO_TEST_CASE(a_sticky_hash_looks_at_source_address_and_protocol_only) {
    std::mt19937_64 random(1);
    HashInput in = random_input(random, 4);
    nlb_tuple key = key_of(in);
    const std::uint32_t before = hash_of(key, 1, true);
    key.destination_be[0] += 1;
    key.source_port_be += 1;
    key.destination_port_be += 1;
    BOOST_TEST(hash_of(key, 2, true) == before);
    BOOST_TEST(hash_of(key, 2, false) != before);
    key.protocol = 17;
    BOOST_TEST(hash_of(key, 2, true) != before);
}

BOOST_AUTO_TEST_CASE(one_flipped_input_bit_flips_half_of_the_hash) {
    std::mt19937_64 random(7);
    std::uint64_t flipped = 0;
    std::uint64_t rounds = 0;
    for (int round = 0; round < 500; ++round) {
        const HashInput in = random_input(random, 4);
        const nlb_tuple key = key_of(in);
        for (unsigned bit = 0; bit < 32; ++bit, ++rounds) {
            const std::uint32_t changed = hash_of(key, in.sequence ^ (1U << bit), false);
            flipped +=
                static_cast<unsigned>(std::popcount(hash_of(key, in.sequence, false) ^ changed));
        }
    }
    const double share = static_cast<double>(flipped) / (32.0 * static_cast<double>(rounds));
    BOOST_TEST(share > 0.49);
    BOOST_TEST(share < 0.51);
}

BOOST_AUTO_TEST_CASE(every_slot_of_a_ring_is_reached_and_none_beyond) {
    BOOST_TEST(nlb_ring_position(0, 4093) == 0U);
    BOOST_TEST(nlb_ring_position(4092, 4093) == 4092U);
    BOOST_TEST(nlb_ring_position(4093, 4093) == 0U);
    for (std::uint32_t hash = 1; hash < 0xff000000U; hash += 16'777'259U)
        BOOST_REQUIRE_EQUAL(nlb_ring_position(hash, 16381), nlb::test::oracle_slot(hash, 16381));
}

BOOST_AUTO_TEST_CASE(a_tuple_is_described_as_its_syn) {
    const HashInput in{.source = {192, 0, 2, 1},
                       .destination = {198, 51, 100, 7},
                       .source_port = 40000,
                       .destination_port = 443,
                       .sequence = 0x01020304};
    const nlb_tuple ends = key_of(in);
    nlb_l4_desc desc;
    nlb_l4_desc_from_tuple(&ends, in.sequence, &desc);
    BOOST_TEST(hash_of(desc.key, desc.sequence, false) == oracle_hash(in));
    BOOST_TEST(desc.tcp_flags == NLB_TCP_SYN);
}

BOOST_AUTO_TEST_SUITE_END()
