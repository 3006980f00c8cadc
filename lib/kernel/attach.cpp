// SPDX-License-Identifier: Apache-2.0
#include "kernel/attach.hpp"

#include "base/text.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <linux/bpf.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace nlb::kernel {

namespace {

/// Of kernels younger than the header. [linux/bpf.h of 6.6]
constexpr std::uint32_t kTcxIngress = 46;
constexpr std::uint32_t kTcxLink = 11;
constexpr const char* kLinkPrefix = "link_";
constexpr const char* kClsactPrefix = "clsact_"; // a program: clsact has no links
constexpr std::uint32_t kClsactHandle = 1;
constexpr std::uint32_t kClsactPriority = 10;

/// TCX [bpf(2), BPF_LINK_CREATE]; libbpf 1.1 has no call for it.
int create_tcx_link(int program, unsigned ifindex) {
    union bpf_attr attr {};

    attr.link_create.prog_fd = static_cast<std::uint32_t>(program);
    attr.link_create.target_ifindex = ifindex;
    attr.link_create.attach_type = kTcxIngress;
    return static_cast<int>(::syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof attr));
}

int create_xdp_link(int program, unsigned ifindex, std::uint32_t mode) {
    bpf_link_create_opts options{};
    options.sz = sizeof options;
    options.flags = mode;
    return bpf_link_create(program, static_cast<int>(ifindex), BPF_XDP, &options);
}

/// Does the link still carry packets of the interface, under this hook?
bool is_link_of(int link, unsigned ifindex, io::Hook hook) {
    bpf_link_info info{};
    std::uint32_t size = sizeof info;
    if (bpf_obj_get_info_by_fd(link, &info, &size) != 0) return false;
    const std::uint32_t type = hook == io::Hook::Tc ? kTcxLink : std::uint32_t{BPF_LINK_TYPE_XDP};
    return info.type == type && info.xdp.ifindex == ifindex; // tcx has its index at the same place
}

bpf_tc_hook clsact_hook(unsigned ifindex) {
    bpf_tc_hook hook{};
    hook.sz = sizeof hook;
    hook.ifindex = static_cast<int>(ifindex);
    hook.attach_point = BPF_TC_INGRESS;
    return hook;
}

bpf_tc_opts clsact_options() {
    bpf_tc_opts options{};
    options.sz = sizeof options;
    options.handle = kClsactHandle;
    options.priority = kClsactPriority;
    return options;
}

/// Of a program that an earlier process attached; "xdp" when the kernel does not say.
std::string xdp_mode(unsigned ifindex) {
    bpf_xdp_query_opts found{};
    found.sz = sizeof found;
    if (bpf_xdp_query(static_cast<int>(ifindex), 0, &found) != 0) return "xdp";
    return found.attach_mode == XDP_ATTACHED_SKB ? "xdp generic" : "xdp native";
}

std::string of(const Interface& interface) {
    return " to " + in_quotes(interface.name);
}

} // namespace

Result<bool> Attacher::update(const Interface& interface, io::Hook hook, int program) {
    const auto link = pins_.get(kLinkPrefix + interface.name);
    if (!link) return false;
    if (is_link_of(link->get(), interface.index, hook)) {
        if (bpf_link_update(link->get(), program, nullptr) == 0) return true;
        return io::sys_error("swap the program of" + of(interface));
    }
    auto gone = pins_.remove(kLinkPrefix + interface.name);
    if (!gone) return tl::unexpected<Error>(gone.error());
    return false;
}

Result<Attachment> Attacher::attach(const Interface& interface, HookChoice choice) {
    if (!interface.is_ethernet)
        return fail(Errc::Usage, "--interface " + in_quotes(interface.name) +
                                     ": its packets are not Ethernet frames");
    const auto names = attached();
    const bool was_there = std::find(names.begin(), names.end(), interface.name) != names.end();
    if (choice == HookChoice::Xdp) return attach_xdp(interface, choice, was_there);
    if (choice == HookChoice::Tc || !interface.kind.empty()) return attach_tc(interface, was_there);
    auto native = attach_xdp(interface, choice, was_there);
    return native ? std::move(native) : attach_tc(interface, was_there);
}

Result<Attachment> Attacher::attach_tc(const Interface& interface, bool was_there) {
    auto program = programs_(io::Hook::Tc);
    if (!program) return tl::unexpected<Error>(program.error());
    auto updated = update(interface, io::Hook::Tc, *program);
    if (!updated) return tl::unexpected<Error>(updated.error());
    if (*updated) return Attachment{io::Hook::Tc, "tcx", true};
    const io::Fd link(create_tcx_link(*program, interface.index));
    if (!link.is_open()) {
        if (errno == EINVAL) return attach_clsact(interface, *program); // before Linux 6.6
        return io::sys_error("attach" + of(interface));
    }
    if (auto pinned = pins_.put(kLinkPrefix + interface.name, link.get()); !pinned)
        return tl::unexpected<Error>(pinned.error());
    return Attachment{io::Hook::Tc, "tcx", was_there};
}

Result<Attachment> Attacher::attach_clsact(const Interface& interface, int program) {
    bpf_tc_hook hook = clsact_hook(interface.index);
    if (const int rc = bpf_tc_hook_create(&hook); rc != 0 && rc != -EEXIST)
        return io::sys_error("add the clsact qdisc" + of(interface), -rc);
    bpf_tc_opts options = clsact_options();
    options.prog_fd = program;
    options.flags = BPF_TC_F_REPLACE;
    if (const int rc = bpf_tc_attach(&hook, &options); rc != 0)
        return io::sys_error("attach" + of(interface), -rc);
    if (auto pinned = pins_.put(kClsactPrefix + interface.name, program); !pinned)
        return tl::unexpected<Error>(pinned.error());
    return Attachment{io::Hook::Tc, "clsact", false};
}

Result<Attachment> Attacher::attach_xdp(const Interface& interface, HookChoice choice,
                                        bool was_there) {
    auto program = programs_(io::Hook::Xdp);
    if (!program) return tl::unexpected<Error>(program.error());
    auto updated = update(interface, io::Hook::Xdp, *program);
    if (!updated) return tl::unexpected<Error>(updated.error());
    if (*updated) return Attachment{io::Hook::Xdp, xdp_mode(interface.index), true};
    std::string how = "xdp native";
    io::Fd link(create_xdp_link(*program, interface.index, XDP_FLAGS_DRV_MODE));
    if (!link.is_open() && errno != EBUSY && choice == HookChoice::Xdp) {
        how = "xdp generic";
        link.reset(create_xdp_link(*program, interface.index, XDP_FLAGS_SKB_MODE));
    }
    if (!link.is_open()) return io::sys_error("attach" + of(interface));
    if (auto pinned = pins_.put(kLinkPrefix + interface.name, link.get()); !pinned)
        return tl::unexpected<Error>(pinned.error());
    return Attachment{io::Hook::Xdp, how, was_there};
}

Result<void> Attacher::detach(const std::string& interface) {
    if (pins_.get(kClsactPrefix + interface)) {
        bpf_tc_hook hook = clsact_hook(::if_nametoindex(interface.c_str()));
        const bpf_tc_opts options = clsact_options();
        const int rc = bpf_tc_detach(&hook, &options);
        if (rc != 0 && rc != -ENOENT && rc != -ENODEV && rc != -EINVAL)
            return io::sys_error("detach from " + in_quotes(interface), -rc);
        if (auto gone = pins_.remove(kClsactPrefix + interface); !gone) return gone;
    }
    // Not left to the unpinning: the kernel takes a link that nobody holds away some time later.
    if (const auto link = pins_.get(kLinkPrefix + interface)) {
        if (bpf_link_detach(link->get()) != 0 && errno != ENOLINK && errno != ENODEV)
            return io::sys_error("detach from " + in_quotes(interface));
    }
    return pins_.remove(kLinkPrefix + interface);
}

std::vector<std::string> Attacher::attached() const {
    std::vector<std::string> interfaces;
    for (const std::string& name : pins_.names()) {
        for (const std::string_view prefix : {kLinkPrefix, kClsactPrefix}) {
            if (name.starts_with(prefix)) interfaces.push_back(name.substr(prefix.size()));
        }
    }
    return interfaces;
}

} // namespace nlb::kernel
