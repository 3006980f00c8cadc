// SPDX-License-Identifier: Apache-2.0
#include "io/bpf_tables.hpp"

#include "bpf/nlb_maps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <linux/membarrier.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>

namespace nlb::io {

namespace {

/// A map of one half, about to be filled and handed to the two-element map `outer`.
struct Inner {
    const char* outer;
    bpf_map_type type;
    std::size_t key_size;
    std::size_t value_size;
    std::size_t entries;
};

Result<Fd> create(const Inner& inner) {
    bpf_map_create_opts options{};
    options.sz = sizeof options;
    if (inner.type == BPF_MAP_TYPE_ARRAY) options.map_flags = BPF_F_INNER_MAP;
    Fd map(bpf_map_create(inner.type, inner.outer, static_cast<std::uint32_t>(inner.key_size),
                          static_cast<std::uint32_t>(inner.value_size),
                          static_cast<std::uint32_t>(std::max<std::size_t>(inner.entries, 1)),
                          &options));
    if (!map.is_open()) return sys_error("create BPF map " + std::string(inner.outer));
    return map;
}

/// All entries in one call; `keys` and `values` are as long as inner.entries says.
Result<void> put_all(const Fd& map, const Inner& inner, const void* keys, const void* values) {
    auto count = static_cast<std::uint32_t>(inner.entries);
    if (count == 0) return {};
    if (bpf_map_update_batch(map.get(), keys, values, &count, nullptr) != 0)
        return sys_error("write to BPF map " + std::string(inner.outer));
    return {};
}

Result<void> write_inner(const MapSet& maps, const Inner& inner, const void* keys,
                         const void* values, std::uint32_t half) {
    auto map = create(inner);
    if (!map) return tl::unexpected<Error>(map.error());
    if (auto done = put_all(*map, inner, keys, values); !done) return done;
    const int fd = map->get();
    if (bpf_map_update_elem(maps.fd(inner.outer), &half, &fd, BPF_ANY) != 0)
        return sys_error("write to BPF map " + std::string(inner.outer));
    return {};
}

std::vector<std::uint32_t> indexes(std::size_t count) {
    std::vector<std::uint32_t> all(count);
    for (std::uint32_t i = 0; i < count; ++i)
        all[i] = i;
    return all;
}

/// Until no program reads what was in force before.
void wait_for_readers() {
    ::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

Result<void> check_room(const flow::Tables& tables) {
    if (tables.targets().size() > NLB_MOST_TARGETS)
        return fail(Errc::Data, std::to_string(tables.targets().size()) +
                                    " targets; the kernel's table takes " +
                                    std::to_string(NLB_MOST_TARGETS));
    if (tables.listeners().size() > NLB_MOST_LISTENERS)
        return fail(Errc::Data, std::to_string(tables.listeners().size()) +
                                    " listeners; the kernel's table takes " +
                                    std::to_string(NLB_MOST_LISTENERS));
    return {};
}

} // namespace

void BpfTables::Unmap::operator()(nlb_state* state) const {
    ::munmap(state, sizeof(*state));
}

Result<BpfTables> BpfTables::open(MapSet maps) {
    const int cpus = libbpf_num_possible_cpus();
    if (cpus < 0) return sys_error("number of CPUs", -cpus);
    void* cell = ::mmap(nullptr, sizeof(nlb_state), PROT_READ | PROT_WRITE, MAP_SHARED,
                        maps.fd("nlb_state"), 0);
    if (cell == MAP_FAILED) return sys_error("map the BPF map nlb_state");
    BpfTables tables(std::move(maps),
                     std::unique_ptr<nlb_state, Unmap>(static_cast<nlb_state*>(cell)),
                     static_cast<std::size_t>(cpus));
    if (tables.state_->hop_epoch == 0) tables.state_->hop_epoch = 1;
    if (auto done = tables.read_targets(); !done) return tl::unexpected<Error>(done.error());
    return tables;
}

Result<void> BpfTables::read_targets() {
    written_.resize(NLB_MOST_TARGETS);
    std::vector<std::uint32_t> keys(NLB_MOST_TARGETS);
    std::uint32_t count = NLB_MOST_TARGETS;
    std::uint32_t next = 0;
    const int rc = bpf_map_lookup_batch(maps_.fd("nlb_targets"), nullptr, &next, keys.data(),
                                        written_.data(), &count, nullptr);
    if (rc != 0 && errno != ENOENT) return sys_error("read BPF map nlb_targets");
    return {};
}

Result<void> BpfTables::write(const flow::Tables& tables) {
    if (auto fits = check_room(tables); !fits) return fits;
    if (auto done = write_targets(tables, true); !done) return done;
    const std::uint32_t next = 1U - state_->half;
    if (auto done = write_half(tables, next); !done) return done;
    std::atomic_ref(state_->half).store(next, std::memory_order_release);
    wait_for_readers();
    return write_targets(tables, false);
}

Result<void> BpfTables::write_half(const flow::Tables& tables, std::uint32_t half) {
    std::vector<nlb_listener_key> keys;
    std::vector<nlb_listener> listeners;
    for (const auto& [key, listener] : tables.keys()) {
        keys.push_back(key);
        listeners.push_back(listener);
    }
    const Inner listener_map{"nlb_listeners", BPF_MAP_TYPE_HASH, sizeof(nlb_listener_key),
                             sizeof(nlb_listener), keys.size()};
    auto done = write_inner(maps_, listener_map, keys.data(), listeners.data(), half);
    if (!done) return done;
    const auto nodes = tables.nodes();
    const std::vector<std::uint32_t> ones(nodes.size(), 1);
    const Inner node_map{"nlb_nodes", BPF_MAP_TYPE_HASH, sizeof(nlb_address), sizeof(std::uint32_t),
                         nodes.size()};
    done = write_inner(maps_, node_map, nodes.data(), ones.data(), half);
    if (!done) return done;
    std::vector<nlb_group> groups;
    for (const flow::GroupEntry& group : tables.groups())
        groups.push_back(group.value);
    const Inner group_map{"nlb_groups", BPF_MAP_TYPE_ARRAY, sizeof(std::uint32_t),
                          sizeof(nlb_group), groups.size()};
    done = write_inner(maps_, group_map, indexes(groups.size()).data(), groups.data(), half);
    if (!done) return done;
    const auto slots = tables.slots();
    const Inner slot_map{"nlb_slots", BPF_MAP_TYPE_ARRAY, sizeof(std::uint32_t),
                         sizeof(std::uint32_t), slots.size()};
    return write_inner(maps_, slot_map, indexes(slots.size()).data(), slots.data(), half);
}

Result<void> BpfTables::write_targets(const flow::Tables& tables, bool are_new) {
    const int map = maps_.fd("nlb_targets");
    const auto targets = tables.targets();
    for (std::uint32_t i = 0; i < targets.size(); ++i) {
        const nlb_target& value = targets[i].value;
        nlb_target& old = written_[i];
        if (std::memcmp(&old, &value, sizeof value) == 0) continue;
        const bool is_new =
            (old.flags & NLB_TARGET_REGISTERED) == 0 && (value.flags & NLB_TARGET_REGISTERED) != 0;
        if (is_new != are_new) continue;
        if (bpf_map_update_elem(map, &i, &value, BPF_ANY) != 0)
            return sys_error("write to BPF map nlb_targets");
        old = value;
    }
    return {};
}

Result<flow::Counters> BpfTables::counters() const {
    flow::Counters totals{};
    std::vector<std::uint64_t> per_cpu(cpus_);
    for (std::uint32_t reason = 0; reason < NLB_REASON_COUNT; ++reason) {
        if (bpf_map_lookup_elem(maps_.fd("nlb_counters"), &reason, per_cpu.data()) != 0)
            return sys_error("read BPF map nlb_counters");
        for (const std::uint64_t count : per_cpu)
            totals[reason] += count;
    }
    return totals;
}

Result<nlb_listener_counters> BpfTables::counters(std::uint32_t listener) const {
    nlb_listener_counters totals{};
    std::vector<nlb_listener_counters> per_cpu(cpus_);
    if (bpf_map_lookup_elem(maps_.fd("nlb_by_listener"), &listener, per_cpu.data()) != 0)
        return sys_error("read BPF map nlb_by_listener");
    for (const nlb_listener_counters& one : per_cpu) {
        totals.new_flows += one.new_flows;
        totals.packets += one.packets;
        totals.bytes += one.bytes;
        totals.client_resets += one.client_resets;
        totals.target_resets += one.target_resets;
        totals.elb_resets += one.elb_resets;
        totals.port_errors += one.port_errors;
    }
    return totals;
}

} // namespace nlb::io
