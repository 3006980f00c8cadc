// SPDX-License-Identifier: Apache-2.0
#include "kernel/programs.hpp"

#include "bpf/nlb_maps.h"

#include "io/flow_maps.hpp"

#include "base/text.hpp"

#include <bpf/bpf.h>

#include <fcntl.h>

#include <set>

namespace nlb::kernel {

namespace {

constexpr std::string_view kMapPrefix = "nlb_";

/// Of one process and one packet: nothing to keep.
bool is_kept(const std::string& name) {
    static const std::set<std::string> passing{"nlb_scratch", "nlb_test", "nlb_test_guard"};
    return !passing.contains(name);
}

Result<nlb_state> read_state(int map) {
    const std::uint32_t zero = 0;
    nlb_state state{};
    bpf_map_info info{};
    std::uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(map, &info, &size) != 0)
        return io::sys_error("ask about BPF map nlb_state");
    if (info.value_size != sizeof state) return state; // version 0
    if (bpf_map_lookup_elem(map, &zero, &state) != 0)
        return io::sys_error("read BPF map nlb_state");
    return state;
}

} // namespace

Result<std::map<std::string, io::Fd>> pinned_maps(const Pins& pins) {
    std::map<std::string, io::Fd> maps;
    for (const std::string& name : pins.names()) {
        if (!name.starts_with(kMapPrefix)) continue;
        auto map = pins.get(name);
        if (!map) return tl::unexpected<Error>(map.error());
        maps.emplace(name, std::move(*map));
    }
    const auto state = maps.find("nlb_state");
    if (state == maps.end()) return fail(Errc::Data, in_quotes(pins.folder()) + " holds no tables");
    auto value = read_state(state->second.get());
    if (!value) return tl::unexpected<Error>(value.error());
    if (value->maps_version != NLB_MAPS_VERSION)
        return fail(Errc::Data, "the tables in " + in_quotes(pins.folder()) +
                                    " are of another version of nlb-forward");
    return maps;
}

Result<Programs> Programs::open(const Pins& pins, Options options) {
    Programs programs(pins, std::move(options));
    if (auto taken = programs.take_pinned(); !taken) return tl::unexpected<Error>(taken.error());
    return programs;
}

Result<void> Programs::take_pinned() {
    auto maps = pinned_maps(pins_);
    if (maps) {
        maps_ = std::move(*maps);
        went_on_ = true;
        return {};
    }
    if (maps.error().code != Errc::Data) return tl::unexpected<Error>(maps.error());
    bool any = false;
    for (const std::string& name : pins_.names()) {
        if (!name.starts_with(kMapPrefix)) continue;
        any = true;
        if (auto gone = pins_.remove(name); !gone) return gone;
    }
    if (any) options_.on_notice(maps.error().text() + "; its flows are lost");
    return {};
}

Result<int> Programs::get(io::Hook hook) {
    if (const auto at = programs_.find(hook); at != programs_.end()) return at->second.fd();
    auto program = io::BpfProgram::open(hook);
    if (!program) return tl::unexpected<Error>(program.error());
    if (auto done = program->size_flow_tables(options_.most_flows); !done)
        return tl::unexpected<Error>(done.error());
    for (const std::string& name : program->maps()) {
        const auto known = maps_.find(name);
        if (known == maps_.end()) continue;
        if (auto done = program->reuse(name, known->second.get()); !done)
            return tl::unexpected<Error>(done.error());
    }
    if (auto done = program->load(); !done) return tl::unexpected<Error>(done.error());
    if (auto done = keep_maps(*program); !done) return tl::unexpected<Error>(done.error());
    return programs_.emplace(hook, std::move(*program)).first->second.fd();
}

Result<void> Programs::keep_maps(const io::BpfProgram& program) {
    for (const std::string& name : program.maps()) {
        if (maps_.contains(name)) continue;
        io::Fd map(::fcntl(program.map(name), F_DUPFD_CLOEXEC, 0));
        if (!map.is_open()) return io::sys_error("duplicate BPF map " + name);
        if (is_kept(name)) {
            if (auto pinned = pins_.put(name, map.get()); !pinned) return pinned;
        }
        maps_.emplace(name, std::move(map));
    }
    nlb_state state{};
    const std::uint32_t zero = 0;
    if (bpf_map_lookup_elem(map("nlb_state"), &zero, &state) != 0)
        return io::sys_error("read BPF map nlb_state");
    if (state.maps_version == NLB_MAPS_VERSION) return {};
    io::begin_state(state, options_.most_flows);
    state.maps_version = NLB_MAPS_VERSION; // now that everything is pinned
    if (bpf_map_update_elem(map("nlb_state"), &zero, &state, BPF_ANY) != 0)
        return io::sys_error("write to BPF map nlb_state");
    return {};
}

} // namespace nlb::kernel
