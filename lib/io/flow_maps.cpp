// SPDX-License-Identifier: Apache-2.0
#include "io/flow_maps.hpp"

#include "bpf/nlb_maps.h"
#include "bpf/nlb_table.h"

#include "io/mapping.hpp"

#include <sys/random.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <utility>

using nlb::io::Mapping;

/// What the functions of nlb_table.h work on; the table's name for it.
struct nlb_memory { // NOLINT(readability-identifier-naming)
    Mapping<nlb_state> state_memory;
    nlb_state& state;
    Mapping<nlb_bucket> index;
    Mapping<nlb_bucket> index6;
    Mapping<nlb_entry4> flows;
    Mapping<nlb_entry6> flows6;
};

static nlb_table* nlb_memory_table(nlb_memory* memory, int v6) {
    return v6 != 0 ? &memory->state.flows6 : &memory->state.flows;
}

static nlb_u32 nlb_memory_buckets(nlb_memory* memory, int v6) {
    return v6 != 0 ? memory->state.buckets6 : memory->state.buckets;
}

static nlb_u64 nlb_memory_seed(nlb_memory* memory) {
    return memory->state.seed;
}

static nlb_bucket* nlb_memory_bucket(nlb_memory* memory, nlb_u32 number, int v6) {
    return v6 != 0 ? memory->index6.at(number) : memory->index.at(number);
}

static void* nlb_memory_entry(nlb_memory* memory, nlb_u32 number, int v6) {
    if (v6 != 0) return memory->flows6.at(number);
    return memory->flows.at(number);
}

namespace nlb::io {

namespace {

/// Without `maps` of nobody else's memory.
template <class Value>
Result<void> map(const MapSet& maps, const char* name, std::size_t count, Mapping<Value>& mapping) {
    auto made =
        maps.fd ? Mapping<Value>::of(maps.fd(name), count, name) : Mapping<Value>::of_zeros(count);
    if (!made) return tl::unexpected<Error>(made.error());
    mapping = std::move(*made);
    return {};
}

/// All but the state cell, which says how big they are.
Result<std::unique_ptr<nlb_memory>> map_tables(const MapSet& maps, Mapping<nlb_state> cell) {
    nlb_state& state = *cell.at(0);
    auto memory =
        std::unique_ptr<nlb_memory>(new nlb_memory{std::move(cell), state, {}, {}, {}, {}});
    auto done = map(maps, "nlb_index", state.buckets, memory->index);
    if (done) done = map(maps, "nlb_index6", state.buckets6, memory->index6);
    if (done) done = map(maps, "nlb_flows", state.flows.most, memory->flows);
    if (done) done = map(maps, "nlb_flows6", state.flows6.most, memory->flows6);
    if (!done) return tl::unexpected<Error>(done.error());
    return memory;
}

/// As the programs leave it at this moment.
FlowEntry copy_of(void* entry, bool v6) {
    FlowEntry copy;
    if (v6)
        copy.key = static_cast<nlb_entry6*>(entry)->key;
    else
        nlb_tuple4(&static_cast<nlb_entry4*>(entry)->key, &copy.key);
    const nlb_flow* flow = nlb_entry_flow(entry, v6 ? 1 : 0);
    nlb_flow_becomes(flow, copy.key.protocol, v6 ? 1 : 0, &copy.becomes);
    copy.flow = *flow;
    return copy;
}

/// Nothing when the entry is free, or was given to another key meanwhile.
std::optional<FlowEntry> read_entry(void* entry, bool v6) {
    const FlowEntry copy = copy_of(entry, v6);
    if (copy.key.protocol == 0) return std::nullopt;
    std::atomic_thread_fence(std::memory_order_acquire);
    if (nlb_entry_has(entry, &copy.key, v6 ? 1 : 0) == 0) return std::nullopt;
    return copy;
}

std::size_t used(nlb_memory* memory, int v6) {
    nlb_table* table = nlb_memory_table(memory, v6);
    return std::min(std::atomic_ref(table->used).load(std::memory_order_acquire), table->most);
}

} // namespace

nlb_tuple FlowEntry::other_key() const {
    nlb_tuple other;
    nlb_swap_ends(&becomes, &other, 1);
    return other;
}

std::size_t flow_buckets(std::size_t entries) {
    const std::size_t buckets = entries * NLB_WAYS_PER_TWO_ENTRIES / 2 / NLB_WAYS;
    return std::clamp<std::size_t>(buckets, NLB_LEAST_BUCKETS, UINT32_MAX);
}

void begin_state(nlb_state& state, std::size_t most) {
    state.buckets = state.buckets6 = static_cast<std::uint32_t>(flow_buckets(most));
    state.flows.most = state.flows6.most =
        static_cast<std::uint32_t>(std::min<std::size_t>(most, NLB_NONE));
    timespec tick{};
    if (::clock_getres(CLOCK_MONOTONIC_COARSE, &tick) == 0)
        state.tick_ns = static_cast<std::uint64_t>(tick.tv_nsec);
    // Without randomness the tables still work, and somebody may guess which keys meet.
    if (::getrandom(&state.seed, sizeof state.seed, GRND_NONBLOCK) < 0) state.seed = 0;
}

FlowMaps::FlowMaps(std::unique_ptr<nlb_memory> memory) : memory_(std::move(memory)) {
}

FlowMaps::~FlowMaps() = default;
FlowMaps::FlowMaps(FlowMaps&&) noexcept = default;
FlowMaps& FlowMaps::operator=(FlowMaps&&) noexcept = default;

Result<FlowMaps> FlowMaps::open(const MapSet& maps) {
    Mapping<nlb_state> cell;
    if (auto done = map(maps, "nlb_state", 1, cell); !done)
        return tl::unexpected<Error>(done.error());
    auto memory = map_tables(maps, std::move(cell));
    if (!memory) return tl::unexpected<Error>(memory.error());
    return FlowMaps(std::move(*memory));
}

Result<FlowMaps> FlowMaps::make(std::size_t most) {
    Mapping<nlb_state> cell;
    if (auto done = map({}, "", 1, cell); !done) return tl::unexpected<Error>(done.error());
    begin_state(*cell.at(0), most);
    auto memory = map_tables({}, std::move(cell));
    if (!memory) return tl::unexpected<Error>(memory.error());
    return FlowMaps(std::move(*memory));
}

int FlowMaps::put(const FlowEntry& entry) {
    const int v6 = entry.key.family == 6 ? 1 : 0;
    nlb_flow6 value;
    nlb_flow_fill(&value, &entry.flow, &entry.becomes, v6);
    return nlb_table_put(memory_.get(), &entry.key, &value.flow, v6);
}

nlb_flow* FlowMaps::find_in_place(const nlb_tuple& key) const {
    const int v6 = key.family == 6 ? 1 : 0;
    void* entry = nlb_table_find(memory_.get(), &key, v6);
    return entry == nullptr ? nullptr : nlb_entry_flow(entry, v6);
}

std::optional<FlowEntry> FlowMaps::find(const nlb_tuple& key) const {
    const bool v6 = key.family == 6;
    void* entry = nlb_table_find(memory_.get(), &key, v6 ? 1 : 0);
    if (entry == nullptr) return std::nullopt;
    return read_entry(entry, v6);
}

void FlowMaps::remove(const nlb_tuple& key) {
    nlb_table_del(memory_.get(), &key, key.family == 6 ? 1 : 0);
}

std::size_t FlowMaps::size() const {
    return used(memory_.get(), 0) + used(memory_.get(), 1);
}

std::optional<FlowEntry> FlowMaps::read(std::size_t number) const {
    const std::size_t of_ipv4 = used(memory_.get(), 0);
    const bool v6 = number >= of_ipv4;
    void* entry = nlb_memory_entry(
        memory_.get(), static_cast<std::uint32_t>(v6 ? number - of_ipv4 : number), v6 ? 1 : 0);
    return entry == nullptr ? std::nullopt : read_entry(entry, v6);
}

} // namespace nlb::io
