// SPDX-License-Identifier: Apache-2.0
// The flow table's own text over memory of the test, which lets other threads go on in the middle
// of every step: races that a kernel meets once a day happen here at once.
#include "bpf/nlb_table_abi.h"

#include "l4/l4_ends.h"
#include "l4/l4_hash.h"

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <cstdlib>
#include <thread>
#include <vector>

namespace {

constexpr nlb_u32 kEntries = 64;

/// As nlb_table_index.h names it.
struct nlb_memory { // NOLINT(readability-identifier-naming)
    nlb_table table{0, 0, kEntries, {}};
    std::array<nlb_bucket, NLB_LEAST_BUCKETS> buckets{};
    std::array<nlb_entry4, kEntries> entries{};
};

#include "bpf/nlb_table.h" // NOLINT(misc-include-cleaner): for that memory

/// One of three times, another thread's turn.
void maybe_wait() {
    static thread_local std::uint64_t random = reinterpret_cast<std::uintptr_t>(&random);
    random = nlb_mix64(random + 1);
    if (random % 3 == 0) std::this_thread::yield();
}

nlb_table* nlb_memory_table(nlb_memory* memory, int /*v6*/) {
    return &memory->table;
}

nlb_u32 nlb_memory_buckets(nlb_memory* /*memory*/, int /*v6*/) {
    return NLB_LEAST_BUCKETS;
}

nlb_u64 nlb_memory_seed(nlb_memory* /*memory*/) {
    return 1;
}

nlb_bucket* nlb_memory_bucket(nlb_memory* memory, nlb_u32 number, int /*v6*/) {
    maybe_wait();
    return number < memory->buckets.size() ? &memory->buckets[number] : nullptr;
}

void* nlb_memory_entry(nlb_memory* memory, nlb_u32 number, int /*v6*/) {
    maybe_wait();
    return number < memory->entries.size() ? &memory->entries[number] : nullptr;
}

nlb_tuple key_of(std::uint32_t number) {
    nlb_tuple key{};
    key.source_be[0] = nlb_hton32(0x0a400000U + number);
    key.destination_be[0] = nlb_hton32(0x0a500001);
    key.protocol = NLB_PROTOCOL_TCP;
    key.family = 4;
    return key;
}

int put(nlb_memory& memory, std::uint32_t number) {
    const nlb_tuple key = key_of(number);
    const nlb_flow4 value{};
    return nlb_table_put(&memory, &key, &value.flow, 0);
}

/// Takes ways of a bucket with words of that tag, which lead to no key of ours.
void take_ways(nlb_bucket& bucket, nlb_u32 count, nlb_u32 tag) {
    for (nlb_u32 way = 0; way < count; ++way)
        bucket.words[way] = static_cast<nlb_u64>(tag | way) << 32U;
}

/// Puts and removes two keys in turns with others who do the same.
void come_and_go(nlb_memory& memory, std::array<std::atomic<int>, 2>& owners,
                 std::atomic<int>& twice, std::uint64_t seed) {
    for (int i = 0; i < 50'000; ++i) {
        seed = nlb_mix64(seed + 1);
        const auto number = static_cast<std::uint32_t>(seed % owners.size());
        if (put(memory, number) != NLB_PUT_DONE) continue;
        if (owners[number].fetch_add(1) != 0) twice += 1;
        owners[number].fetch_sub(1);
        const nlb_tuple key = key_of(number);
        nlb_table_del(&memory, &key, 0);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(table)

BOOST_AUTO_TEST_CASE(whoever_removes_a_key_removes_no_other_ones_entry) {
    nlb_memory memory;
    std::array<std::atomic<int>, 2> owners{};
    std::atomic<int> twice = 0;
    std::vector<std::thread> threads;
    for (std::uint64_t seed = 1; seed <= 4; ++seed)
        threads.emplace_back([&, seed] { come_and_go(memory, owners, twice, seed); });
    for (std::thread& thread : threads)
        thread.join();
    BOOST_TEST(twice == 0);
    for (const nlb_bucket& bucket : memory.buckets)
        BOOST_TEST(nlb_taken_ways(&bucket) == 0U);
    for (std::uint32_t i = 0; i < kEntries; ++i) // every entry is free again
        BOOST_REQUIRE(put(memory, 100 + i) == NLB_PUT_DONE);
    BOOST_TEST(put(memory, 99) == NLB_PUT_FULL);
}

BOOST_AUTO_TEST_CASE(a_key_does_not_go_where_another_one_has_its_tag) {
    nlb_memory memory;
    memory.table.used = 1; // the entry of the others
    const nlb_tuple key = key_of(1);
    const nlb_place place = nlb_place_of(&memory, &key, 0);
    const nlb_u32 other_tag = place.tag ^ 0x80000000U;
    nlb_bucket& first = memory.buckets[place.first];
    take_ways(memory.buckets[place.near], NLB_WAYS, other_tag);
    take_ways(first, NLB_FEW_WAYS, other_tag);
    take_ways(memory.buckets[place.second], 1, place.tag); // emptier
    BOOST_TEST(put(memory, 1) == NLB_PUT_DONE);
    BOOST_TEST(nlb_taken_ways(&first) == NLB_FEW_WAYS + 1);
}

BOOST_AUTO_TEST_SUITE_END()
