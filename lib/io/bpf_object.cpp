// SPDX-License-Identifier: Apache-2.0
#include "io/bpf_object.hpp"

#include "bpf/nlb_maps.h"

#include "io/fd.hpp"

#include "flow/ended.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <nlb_tc.skel.h>

#include <algorithm>
#include <cstring>

namespace nlb::io {

namespace {

/// Test runs refuse frames without a whole Ethernet header and, by kernel version, without a whole
/// IPv4 or IPv6 header (40 bytes): EINVAL.
constexpr std::size_t kShortestRun = 14 + 40;
/// A test run takes less than a page; headers end long before this.
constexpr std::size_t kLongestRun = 2048;

struct Closer {
    void operator()(nlb_tc* skeleton) const { nlb_tc__destroy(skeleton); }
};

using Skeleton = std::unique_ptr<nlb_tc, Closer>;

Result<void> resize(bpf_map* map, std::size_t entries) {
    const auto size = static_cast<std::uint32_t>(std::max<std::size_t>(entries, 1));
    const int rc = bpf_map__set_max_entries(map, size);
    if (rc != 0) return sys_error("size of BPF map " + std::string(bpf_map__name(map)), -rc);
    return {};
}

template <class Key, class Value>
Result<void> put(const bpf_map* map, const Key& key, const Value& value) {
    if (bpf_map_update_elem(bpf_map__fd(map), &key, &value, BPF_ANY) == 0) return {};
    return sys_error("write to BPF map " + std::string(bpf_map__name(map)));
}

Result<void> resize_maps(const nlb_tc& skeleton, const flow::Tables& tables,
                         const flow::EngineLimits& limits) {
    const std::pair<bpf_map*, std::size_t> sizes[] = {
        {skeleton.maps.nlb_listeners, tables.keys().size()},
        {skeleton.maps.nlb_groups, tables.groups().size()},
        {skeleton.maps.nlb_slots, tables.slots().size()},
        {skeleton.maps.nlb_targets, tables.targets().size()},
        {skeleton.maps.nlb_nodes, tables.nodes().size()},
        {skeleton.maps.nlb_exhausted, tables.targets().size()},
        {skeleton.maps.nlb_flows, limits.most_flows},
        {skeleton.maps.nlb_flows6, limits.most_flows}};
    for (const auto& [map, entries] : sizes) {
        if (auto done = resize(map, entries); !done) return done;
    }
    return {};
}

/// The entries of an array map, index by index.
template <class Values, class Project>
Result<void> fill(const bpf_map* map, const Values& values, Project project) {
    std::uint32_t index = 0;
    for (const auto& value : values) {
        if (auto done = put(map, index, project(value)); !done) return done;
        ++index;
    }
    return {};
}

Result<void> fill_maps(const nlb_tc& skeleton, const flow::Tables& tables) {
    for (const auto& [key, listener] : tables.keys()) {
        auto done = put(skeleton.maps.nlb_listeners, key, listener);
        if (!done) return done;
    }
    for (const nlb_address& node : tables.nodes()) {
        if (auto done = put(skeleton.maps.nlb_nodes, node, std::uint32_t{1}); !done) return done;
    }
    const auto value = [](const auto& entry) { return entry.value; };
    if (auto done = fill(skeleton.maps.nlb_groups, tables.groups(), value); !done) return done;
    if (auto done = fill(skeleton.maps.nlb_targets, tables.targets(), value); !done) return done;
    return fill(skeleton.maps.nlb_slots, tables.slots(), [](std::uint32_t slot) { return slot; });
}

int silent(libbpf_print_level, const char*, va_list) {
    return 0;
}

} // namespace

struct BpfObject::Loaded {
    Skeleton skeleton;
    std::vector<std::uint8_t> out = std::vector<std::uint8_t>(2 * kLongestRun);
    flow::Tables no_tables; // short frames need none
    flow::UserEngine short_frames{no_tables};
    flow::EngineLimits limits;
};

BpfObject::BpfObject(std::unique_ptr<Loaded> loaded) : loaded_(std::move(loaded)) {
}

BpfObject::~BpfObject() = default;
BpfObject::BpfObject(BpfObject&&) noexcept = default;
BpfObject& BpfObject::operator=(BpfObject&&) noexcept = default;

Result<BpfObject> BpfObject::load(const flow::Tables& tables, flow::EngineLimits limits) {
    libbpf_set_print(silent); // errors come back as numbers, and our messages go through app::Log
    auto loaded = std::make_unique<Loaded>();
    loaded->limits = limits;
    loaded->skeleton.reset(nlb_tc__open());
    if (!loaded->skeleton) return sys_error("open the BPF program nlb_tc");
    nlb_tc& skeleton = *loaded->skeleton;
    if (auto done = resize_maps(skeleton, tables, limits); !done)
        return tl::unexpected(done.error());
    skeleton.rodata->nlb_testing = 1;
    if (const int rc = nlb_tc__load(&skeleton); rc != 0)
        return sys_error("load the BPF program nlb_tc", -rc);
    if (auto done = fill_maps(skeleton, tables); !done) return tl::unexpected(done.error());
    return BpfObject(std::move(loaded));
}

Result<flow::Decision> BpfObject::decide(std::vector<std::uint8_t>& frame, Nanos now) {
    const nlb_tc& skeleton = *loaded_->skeleton;
    nlb_test_cell cell{};
    cell.now_ns = static_cast<std::uint64_t>(now.ns);
    cell.mtu = loaded_->limits.mtu;
    cell.new_flows_per_second = static_cast<std::uint32_t>(loaded_->limits.new_flows_per_second);
    const std::uint32_t zero = 0;
    if (auto done = put(skeleton.maps.nlb_test, zero, cell); !done)
        return tl::unexpected(done.error());
    const std::size_t seen = std::min(frame.size(), kLongestRun);
    bpf_test_run_opts run{}; // LIBBPF_OPTS is a statement expression, no C++
    run.sz = sizeof run;
    run.data_in = frame.data();
    run.data_size_in = static_cast<std::uint32_t>(seen);
    run.data_out = loaded_->out.data();
    run.data_size_out = static_cast<std::uint32_t>(loaded_->out.size());
    run.repeat = 1;
    if (bpf_prog_test_run_opts(bpf_program__fd(skeleton.progs.nlb_tc), &run) != 0) {
        if (errno == EINVAL && seen < kShortestRun) return loaded_->short_frames.decide(frame, now);
        return sys_error("run the BPF program nlb_tc on a frame of " + std::to_string(seen) +
                         " bytes");
    }
    if (bpf_map_lookup_elem(bpf_map__fd(skeleton.maps.nlb_test), &zero, &cell) != 0)
        return sys_error("read BPF map nlb_test");
    const auto out = std::span(loaded_->out).first(run.data_size_out);
    if (out.size() < seen) frame.resize(out.size()); // cut: a reset has no payload
    std::copy(out.begin(), out.end(), frame.begin());
    return flow::Decision{cell.desc, cell.verdict};
}

namespace {

template <class Key, class Value>
Result<void> sweep_map(const bpf_map* map, Nanos now, Nanos kept) {
    const int flows = bpf_map__fd(map);
    flow::FlowTable<Key, Value> all;
    Key key{};
    Value value{};
    const Key* previous = nullptr;
    while (bpf_map_get_next_key(flows, previous, &key) == 0) {
        if (bpf_map_lookup_elem(flows, &key, &value) == 0) all.insert(key, value);
        previous = &key;
    }
    for (const Key& ended : flow::ended_entries(all, now, kept)) {
        if (bpf_map_delete_elem(flows, &ended) != 0 && errno != ENOENT)
            return sys_error("delete from BPF map " + std::string(bpf_map__name(map)));
    }
    return {};
}

} // namespace

Result<void> BpfObject::sweep(Nanos now, Nanos kept) {
    const auto& maps = loaded_->skeleton->maps;
    auto swept = sweep_map<nlb_flow_key, nlb_flow4>(maps.nlb_flows, now, kept);
    return swept ? sweep_map<nlb_tuple, nlb_flow6>(maps.nlb_flows6, now, kept) : swept;
}

Result<flow::Counters> BpfObject::counters() const {
    const int cpus = libbpf_num_possible_cpus();
    if (cpus < 0) return sys_error("number of CPUs", -cpus);
    flow::Counters totals = loaded_->short_frames.counters();
    std::vector<std::uint64_t> per_cpu(static_cast<std::size_t>(cpus));
    for (std::uint32_t reason = 0; reason < NLB_REASON_COUNT; ++reason) {
        const int map = bpf_map__fd(loaded_->skeleton->maps.nlb_counters);
        if (bpf_map_lookup_elem(map, &reason, per_cpu.data()) != 0)
            return sys_error("read BPF map nlb_counters");
        for (const std::uint64_t count : per_cpu)
            totals[reason] += count;
    }
    return totals;
}

} // namespace nlb::io
