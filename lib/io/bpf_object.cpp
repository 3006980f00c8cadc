// SPDX-License-Identifier: Apache-2.0
#include "io/bpf_object.hpp"

#include "bpf/nlb_maps.h"

#include "io/fd.hpp"
#include "io/flow_maps.hpp"

#include "flow/ended.hpp"

#include "base/check.hpp"

#include <bpf/bpf.h>

#include <algorithm>
#include <optional>

namespace nlb::io {

namespace {

/// Test runs refuse frames without a whole Ethernet header and, by kernel version, without a whole
/// IPv4 or IPv6 header (40 bytes): EINVAL.
constexpr std::size_t kShortestRun = 14 + 40;
/// A test run takes less than a page; headers end long before this.
constexpr std::size_t kLongestRun = 2048;

/// The entry of the client's direction of the same flow; the flow is over without one.
std::optional<FlowEntry> client_of(const FlowMaps& flows, const FlowEntry& entry) {
    if ((entry.flow.state & NLB_FLOW_REPLY) == 0) return entry;
    return flows.find(entry.other_key());
}

} // namespace

struct BpfObject::Loaded {
    explicit Loaded(BpfProgram loaded) : program(std::move(loaded)) {}

    BpfProgram program;
    std::optional<BpfTables> tables;
    std::optional<FlowMaps> flows;
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

Result<BpfObject> BpfObject::load(Hook hook, const flow::Tables& tables,
                                  flow::EngineLimits limits) {
    auto program = BpfProgram::open(hook);
    if (!program) return tl::unexpected(program.error());
    auto loaded = std::make_unique<Loaded>(std::move(*program));
    loaded->limits = limits;
    if (auto done = loaded->program.set_testing(); !done) return tl::unexpected(done.error());
    if (auto done = loaded->program.size_flow_tables(limits.most_flows); !done)
        return tl::unexpected(done.error());
    if (auto done = loaded->program.load(); !done) return tl::unexpected(done.error());
    Loaded* maps = loaded.get();
    const MapSet set{[maps](const std::string& name) { return maps->program.map(name); }};
    auto opened = BpfTables::open(set);
    if (!opened) return tl::unexpected(opened.error());
    loaded->tables.emplace(std::move(*opened));
    begin_state(loaded->tables->state(), limits.most_flows);
    auto flows = FlowMaps::open(set);
    if (!flows) return tl::unexpected(flows.error());
    loaded->flows.emplace(std::move(*flows));
    loaded->tables->state().new_flows = static_cast<std::uint32_t>(limits.new_flows_per_second);
    BpfObject object(std::move(loaded));
    if (auto done = object.set_tables(tables); !done) return tl::unexpected(done.error());
    return object;
}

Result<void> BpfObject::set_tables(const flow::Tables& tables) {
    return loaded_->tables->write(tables);
}

Result<flow::Decision> BpfObject::decide(std::vector<std::uint8_t>& frame, Nanos now) {
    const BpfProgram& program = loaded_->program;
    nlb_test_cell cell{};
    cell.now_ns = static_cast<std::uint64_t>(now.ns);
    cell.mtu = loaded_->limits.mtu;
    const std::uint32_t zero = 0;
    if (bpf_map_update_elem(program.map("nlb_test"), &zero, &cell, BPF_ANY) != 0)
        return sys_error("write to BPF map nlb_test");
    const std::size_t seen = std::min(frame.size(), kLongestRun);
    bpf_test_run_opts run{}; // LIBBPF_OPTS is a statement expression, no C++
    run.sz = sizeof run;
    run.data_in = frame.data();
    run.data_size_in = static_cast<std::uint32_t>(seen);
    run.data_out = loaded_->out.data();
    run.data_size_out = static_cast<std::uint32_t>(loaded_->out.size());
    run.repeat = 1;
    if (bpf_prog_test_run_opts(program.fd(), &run) != 0) {
        if (errno == EINVAL && seen < kShortestRun) return loaded_->short_frames.decide(frame, now);
        return sys_error("run the BPF program on a frame of " + std::to_string(seen) + " bytes");
    }
    if (bpf_map_lookup_elem(program.map("nlb_test"), &zero, &cell) != 0)
        return sys_error("read BPF map nlb_test");
    const auto out = std::span(loaded_->out).first(run.data_size_out);
    NLB_CHECK(out.size() <= seen);
    if (out.size() < seen) frame.resize(out.size()); // cut: an answer has no more of the payload
    std::copy(out.begin(), out.end(), frame.begin());
    return flow::Decision{cell.desc, cell.verdict};
}

Result<void> BpfObject::sweep(Nanos now, Nanos kept) {
    FlowMaps& flows = *loaded_->flows;
    std::vector<FlowEntry> entries;
    for (std::size_t i = 0; i < flows.size(); ++i) {
        if (auto entry = flows.read(i)) entries.push_back(*entry);
    }
    std::vector<nlb_tuple> ended;
    for (const FlowEntry& entry : entries) {
        const auto client = client_of(flows, entry);
        if (!client || flow::is_ended(client->flow, now, kept)) ended.push_back(entry.key);
    }
    for (const nlb_tuple& key : ended)
        flows.remove(key);
    return {};
}

Result<flow::Counters> BpfObject::counters() const {
    auto totals = loaded_->tables->counters();
    if (!totals) return totals;
    for (std::size_t i = 0; i < totals->size(); ++i)
        (*totals)[i] += loaded_->short_frames.counters()[i];
    return totals;
}

} // namespace nlb::io
