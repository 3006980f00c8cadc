// SPDX-License-Identifier: Apache-2.0
#include "io/bpf_tables.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string_view>

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
    if (inner.type == BPF_MAP_TYPE_ARRAY) options.map_flags = BPF_F_INNER_MAP | BPF_F_MMAPABLE;
    Fd map(bpf_map_create(inner.type, inner.outer, static_cast<std::uint32_t>(inner.key_size),
                          static_cast<std::uint32_t>(inner.value_size),
                          static_cast<std::uint32_t>(std::max<std::size_t>(inner.entries, 1)),
                          &options));
    if (!map.is_open()) return sys_error("create BPF map " + std::string(inner.outer));
    return map;
}

/// The kernel waits for the readers of both halves.
Result<void> hand_over(const MapSet& maps, const Inner& inner, const Fd& map, std::uint32_t half) {
    const int fd = map.get();
    if (bpf_map_update_elem(maps.fd(inner.outer), &half, &fd, BPF_ANY) != 0)
        return sys_error("write to BPF map " + std::string(inner.outer));
    return {};
}

template <class Value>
std::string_view bytes_of(const std::vector<Value>& values) {
    return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Value)};
}

/// Writes a hash map of one half, unless it holds just that: `written`, empty before the first
/// time.
template <class Key, class Value>
Result<void> write_hash(const MapSet& maps, const char* outer, const std::vector<Key>& keys,
                        const std::vector<Value>& values, std::uint32_t half,
                        std::optional<std::string>& written) {
    std::string content(bytes_of(keys));
    content += bytes_of(values);
    if (written == content) return {};
    const Inner inner{outer, BPF_MAP_TYPE_HASH, sizeof(Key), sizeof(Value), keys.size()};
    auto map = create(inner);
    if (!map) return tl::unexpected<Error>(map.error());
    auto count = static_cast<std::uint32_t>(keys.size());
    if (count != 0 &&
        bpf_map_update_batch(map->get(), keys.data(), values.data(), &count, nullptr) != 0)
        return sys_error("write to BPF map " + std::string(outer));
    if (auto done = hand_over(maps, inner, *map, half); !done) return done;
    written = std::move(content);
    return {};
}

/// Room for `count` values in an array of one half, which may hold anything.
template <class Value>
Result<void> make_room(const MapSet& maps, const char* outer, std::size_t count, std::uint32_t half,
                       Mapping<Value>& mapping) {
    if (mapping.values().size() >= std::max<std::size_t>(count, 1)) return {};
    const Inner inner{outer, BPF_MAP_TYPE_ARRAY, sizeof(std::uint32_t), sizeof(Value), count};
    auto map = create(inner);
    if (!map) return tl::unexpected<Error>(map.error());
    auto mapped = Mapping<Value>::of(map->get(), std::max<std::size_t>(count, 1), outer);
    if (!mapped) return tl::unexpected<Error>(mapped.error());
    if (auto done = hand_over(maps, inner, *map, half); !done) return done;
    mapping = std::move(*mapped);
    return {};
}

bool is_registered(const nlb_target& target) {
    return (target.flags & NLB_TARGET_REGISTERED) != 0;
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

Result<BpfTables> BpfTables::open(MapSet maps) {
    const int cpus = libbpf_num_possible_cpus();
    if (cpus < 0) return sys_error("number of CPUs", -cpus);
    auto cell = Mapping<nlb_state>::of(maps.fd("nlb_state"), 1, "nlb_state");
    if (!cell) return tl::unexpected<Error>(cell.error());
    BpfTables tables(std::move(maps), std::move(*cell), static_cast<std::size_t>(cpus));
    if (tables.state().hop_epoch == 0) tables.state().hop_epoch = 1;
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
    if (auto done = add_targets(tables.targets()); !done) return done;
    const std::uint32_t next = 1U - state().half;
    if (auto done = write_half(tables, next); !done) return done;
    std::atomic_ref(state().half).store(next, std::memory_order_release);
    // A packet that the old tables send to a target which is now to be reset opens a flow that the
    // walk over the table has passed already: its client would never hear of it.
    wait_for_readers(); // and nobody reads the other half any more, which is written next
    return change_targets(tables.targets());
}

Result<void> BpfTables::write_half(const flow::Tables& tables, std::uint32_t half) {
    Half& to = halves_[half];
    std::vector<nlb_listener_key> keys;
    std::vector<nlb_listener> listeners;
    for (const auto& [key, listener] : tables.keys()) {
        keys.push_back(key);
        listeners.push_back(listener);
    }
    auto done = write_hash(maps_, "nlb_listeners", keys, listeners, half, to.listeners);
    if (!done) return done;
    const std::vector<nlb_address> nodes(tables.nodes().begin(), tables.nodes().end());
    const std::vector<std::uint32_t> ones(nodes.size(), 1);
    done = write_hash(maps_, "nlb_nodes", nodes, ones, half, to.nodes);
    if (!done) return done;
    const auto groups = tables.groups();
    done = make_room(maps_, "nlb_groups", groups.size(), half, to.groups);
    if (!done) return done;
    std::transform(groups.begin(), groups.end(), to.groups.values().begin(),
                   [](const flow::GroupEntry& group) { return group.value; });
    const auto slots = tables.slots();
    done = make_room(maps_, "nlb_slots", slots.size(), half, to.slots);
    if (!done) return done;
    std::transform(slots.begin(), slots.end(), to.slots.values().begin(), [](std::uint32_t target) {
        return nlb_slot{target, 0};
    });
    return {};
}

Result<void> BpfTables::put_target(std::uint32_t index, const nlb_target& target) {
    nlb_target& old = written_[index];
    if (std::memcmp(&old, &target, sizeof target) == 0) return {};
    if (bpf_map_update_elem(maps_.fd("nlb_targets"), &index, &target, BPF_ANY) != 0)
        return sys_error("write to BPF map nlb_targets");
    old = target;
    return {};
}

/// Before the swap: whoever takes flows by the new tables must be there, and not have them reset.
Result<void> BpfTables::add_targets(std::span<const flow::TargetEntry> targets) {
    for (std::uint32_t i = 0; i < targets.size(); ++i) {
        nlb_target value = targets[i].value;
        if (!is_registered(value)) continue;
        if (is_registered(written_[i]) && written_[i].generation == value.generation)
            value.flags &= written_[i].flags;
        if (auto done = put_target(i, value); !done) return done;
    }
    return {};
}

/// After it: flows are reset that the new tables open no more.
Result<void> BpfTables::change_targets(std::span<const flow::TargetEntry> targets) {
    for (std::uint32_t i = 0; i < targets.size(); ++i) {
        if (auto done = put_target(i, targets[i].value); !done) return done;
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

Result<nlb_listener_counters> BpfTables::counters(std::uint32_t listener,
                                                  std::uint8_t protocol) const {
    nlb_listener_counters totals{};
    std::vector<nlb_listener_counters> per_cpu(cpus_);
    const std::uint32_t place = nlb_counters_place(listener, protocol);
    if (bpf_map_lookup_elem(maps_.fd("nlb_by_listener"), &place, per_cpu.data()) != 0)
        return sys_error("read BPF map nlb_by_listener");
    for (const nlb_listener_counters& one : per_cpu) {
        totals.new_flows += one.new_flows;
        totals.packets += one.packets;
        totals.bytes += one.bytes;
        totals.client_resets += one.client_resets;
        totals.target_resets += one.target_resets;
        totals.elb_resets += one.elb_resets;
        totals.port_errors += one.port_errors;
        totals.rejected += one.rejected;
    }
    return totals;
}

} // namespace nlb::io
