// SPDX-License-Identifier: Apache-2.0
#include "io/bpf_program.hpp"

#include "bpf/nlb_maps.h"

#include "io/flow_maps.hpp"

#include "base/check.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <nlb_tc.skel.h>
#include <nlb_xdp.skel.h>

#include <algorithm>

namespace nlb::io {

namespace {

/// All of what the verifier says of a program that it refuses; touched only then.
constexpr std::size_t kVerifierLog = std::size_t{1} << 24U;

int silent(libbpf_print_level, const char*, va_list) {
    return 0;
}

const char* program_name(Hook hook) {
    return hook == Hook::Tc ? "nlb_tc" : "nlb_xdp";
}

const void* object_file(Hook hook, std::size_t& size) {
    return hook == Hook::Tc ? nlb_tc__elf_bytes(&size) : nlb_xdp__elf_bytes(&size);
}

/// The verifier's last line but its statistics says what it objects to.
std::string objection(const char* log) {
    std::string_view rest(log);
    const auto statistics = rest.rfind("\nprocessed ");
    if (statistics != std::string_view::npos) rest = rest.substr(0, statistics);
    const auto line = rest.rfind('\n');
    if (line != std::string_view::npos) rest = rest.substr(line + 1);
    return rest.empty() ? "" : " (" + std::string(rest) + ")";
}

} // namespace

std::string_view to_text(Hook hook) {
    return hook == Hook::Tc ? "tc" : "xdp";
}

void BpfProgram::Closer::operator()(bpf_object* object) const {
    bpf_object__close(object);
}

BpfProgram::~BpfProgram() = default;
BpfProgram::BpfProgram(BpfProgram&&) noexcept = default;
BpfProgram& BpfProgram::operator=(BpfProgram&&) noexcept = default;

Result<BpfProgram> BpfProgram::open(Hook hook) {
    libbpf_set_print(silent); // errors come back as numbers, and our messages go through app::Log
    std::size_t size = 0;
    const void* bytes = object_file(hook, size);
    bpf_object_open_opts options{}; // LIBBPF_OPTS is a statement expression, no C++
    options.sz = sizeof options;
    options.object_name = program_name(hook);
    bpf_object* object = bpf_object__open_mem(bytes, size, &options);
    if (object == nullptr) return sys_error("open the BPF program " + std::string(to_text(hook)));
    return BpfProgram(hook, std::unique_ptr<bpf_object, Closer>(object));
}

Result<void> BpfProgram::set_testing() {
    nlb_config config{};
    config.testing = 1;
    bpf_map* map = bpf_object__find_map_by_name(object_.get(), ".rodata.config");
    NLB_CHECK(map != nullptr);
    const int rc = bpf_map__set_initial_value(map, &config, sizeof config);
    if (rc != 0) return sys_error("set the constants of the BPF program", -rc);
    return {};
}

Result<void> BpfProgram::size_flow_tables(std::size_t entries) {
    for (const std::string name : {"nlb_index", "nlb_index6", "nlb_flows", "nlb_flows6"}) {
        bpf_map* map = bpf_object__find_map_by_name(object_.get(), name.c_str());
        NLB_CHECK(map != nullptr);
        const std::size_t size = name.starts_with("nlb_index") ? flow_buckets(entries) : entries;
        const int rc = bpf_map__set_max_entries(map, static_cast<std::uint32_t>(size));
        if (rc != 0) return sys_error("size of BPF map " + name, -rc);
    }
    return {};
}

Result<void> BpfProgram::reuse(const std::string& name, int fd) {
    bpf_map* map = bpf_object__find_map_by_name(object_.get(), name.c_str());
    NLB_CHECK(map != nullptr);
    const int rc = bpf_map__reuse_fd(map, fd);
    if (rc != 0) return sys_error("share BPF map " + name, -rc);
    return {};
}

Result<void> BpfProgram::load() {
    const auto log = std::make_unique_for_overwrite<char[]>(kVerifierLog);
    log[0] = '\0';
    bpf_program* program = bpf_object__find_program_by_name(object_.get(), program_name(hook_));
    NLB_CHECK(program != nullptr);
    bpf_program__set_log_buf(program, log.get(), kVerifierLog);
    const int rc = bpf_object__load(object_.get());
    bpf_program__set_log_buf(program, nullptr, 0);
    if (rc != 0)
        return sys_error(
            "load the BPF program " + std::string(to_text(hook_)) + objection(log.get()), -rc);
    return {};
}

std::vector<std::string> BpfProgram::maps() const {
    std::vector<std::string> names;
    bpf_map* map = nullptr;
    while ((map = bpf_object__next_map(object_.get(), map)) != nullptr) {
        if (!bpf_map__is_internal(map)) names.emplace_back(bpf_map__name(map));
    }
    return names;
}

int BpfProgram::map(const std::string& name) const {
    const int fd = bpf_object__find_map_fd_by_name(object_.get(), name.c_str());
    NLB_CHECK(fd >= 0);
    return fd;
}

int BpfProgram::fd() const {
    return bpf_program__fd(bpf_object__find_program_by_name(object_.get(), program_name(hook_)));
}

} // namespace nlb::io
