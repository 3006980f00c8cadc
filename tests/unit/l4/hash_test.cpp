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

nlb_flow_key key_of(const HashInput& in) {
    nlb_flow_key key{};
    std::memcpy(&key.source_be, in.source.data(), 4);
    std::memcpy(&key.destination_be, in.destination.data(), 4);
    key.source_port_be = nlb_hton16(static_cast<std::uint16_t>(in.source_port));
    key.destination_port_be = nlb_hton16(static_cast<std::uint16_t>(in.destination_port));
    key.protocol = static_cast<std::uint8_t>(in.protocol);
    return key;
}

nlb_flow6_key key6_of(const HashInput& in) {
    nlb_flow6_key key{};
    std::memcpy(key.source, in.source.data(), 16);
    std::memcpy(key.destination, in.destination.data(), 16);
    key.source_port_be = nlb_hton16(static_cast<std::uint16_t>(in.source_port));
    key.destination_port_be = nlb_hton16(static_cast<std::uint16_t>(in.destination_port));
    key.protocol = static_cast<std::uint8_t>(in.protocol);
    return key;
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
    for (int round = 0; round < 20'000; ++round) {
        const HashInput in = random_input(random, 4);
        const nlb_flow_key key = key_of(in);
        BOOST_REQUIRE_EQUAL(nlb_flow_hash(&key, in.sequence, in.sticky), oracle_hash(in));
        const HashInput in6 = random_input(random, 6);
        const nlb_flow6_key key6 = key6_of(in6);
        BOOST_REQUIRE_EQUAL(nlb_flow6_hash(&key6, in6.sequence, in6.sticky), oracle_hash(in6));
    }
}

BOOST_AUTO_TEST_CASE(a_hash_never_changes_between_versions) {
    const HashInput in{.source = {192, 0, 2, 1},
                       .destination = {198, 51, 100, 7},
                       .source_port = 40000,
                       .destination_port = 443,
                       .sequence = 0x01020304};
    const nlb_flow_key key = key_of(in);
    BOOST_TEST(nlb_flow_hash(&key, in.sequence, 0) == 0x1479ef18U);
    BOOST_TEST(nlb_flow_hash(&key, in.sequence, 1) == 0x94fe38e2U);
}

BOOST_AUTO_TEST_CASE(a_sticky_hash_looks_at_source_address_and_protocol_only) {
    std::mt19937_64 random(1);
    HashInput in = random_input(random, 4);
    nlb_flow_key key = key_of(in);
    const std::uint32_t before = nlb_flow_hash(&key, 1, 1);
    key.destination_be += 1;
    key.source_port_be += 1;
    key.destination_port_be += 1;
    BOOST_TEST(nlb_flow_hash(&key, 2, 1) == before);
    BOOST_TEST(nlb_flow_hash(&key, 2, 0) != before);
    key.protocol = 17;
    BOOST_TEST(nlb_flow_hash(&key, 2, 1) != before);
}

BOOST_AUTO_TEST_CASE(one_flipped_input_bit_flips_half_of_the_hash) {
    std::mt19937_64 random(7);
    std::uint64_t flipped = 0;
    std::uint64_t rounds = 0;
    for (int round = 0; round < 500; ++round) {
        const HashInput in = random_input(random, 4);
        const nlb_flow_key key = key_of(in);
        for (unsigned bit = 0; bit < 32; ++bit, ++rounds) {
            const std::uint32_t changed = nlb_flow_hash(&key, in.sequence ^ (1U << bit), 0);
            flipped +=
                static_cast<unsigned>(std::popcount(nlb_flow_hash(&key, in.sequence, 0) ^ changed));
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
    nlb_l4_desc desc;
    nlb_l4_desc_from_tuple(nlb_hton32(0xc0000201U), nlb_hton16(40000), nlb_hton32(0xc6336407U),
                           nlb_hton16(443), 0x01020304, &desc);
    const HashInput in{.source = {192, 0, 2, 1},
                       .destination = {198, 51, 100, 7},
                       .source_port = 40000,
                       .destination_port = 443,
                       .sequence = 0x01020304};
    BOOST_TEST(nlb_flow_hash(&desc.key, desc.sequence, 0) == oracle_hash(in));
    BOOST_TEST(desc.tcp_flags == NLB_TCP_SYN);
}

BOOST_AUTO_TEST_SUITE_END()
