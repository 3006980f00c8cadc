// SPDX-License-Identifier: Apache-2.0
#include "kernel/rights.hpp"

#include "io/fd.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>

namespace nlb::kernel {

namespace {

using Sets = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

__user_cap_header_struct of_this_thread() {
    __user_cap_header_struct header{};
    header.version = _LINUX_CAPABILITY_VERSION_3;
    return header;
}

Result<Sets> read_sets() {
    auto header = of_this_thread();
    Sets sets{};
    if (::syscall(SYS_capget, &header, sets.data()) != 0) return io::sys_error("read capabilities");
    return sets;
}

bool has(const Sets& sets, unsigned capability) {
    return (sets[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability)) != 0;
}

tl::unexpected<Error> lacks(const std::string& name) {
    return fail(Errc::System,
                "needs CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN and CAP_NET_RAW, and lacks " + name,
                EPERM);
}

} // namespace

Result<void> check_rights() {
    const auto sets = read_sets();
    if (!sets) return tl::unexpected<Error>(sets.error());
    // CAP_SYS_ADMIN is what these two were taken out of in Linux 5.8. The verifier lets only who
    // may see kernel addresses subtract pointers into packets: CAP_PERFMON, until the programs are
    // in.
    if (!has(*sets, CAP_SYS_ADMIN)) {
        if (!has(*sets, CAP_BPF)) return lacks("CAP_BPF");
        if (!has(*sets, CAP_PERFMON)) return lacks("CAP_PERFMON");
    }
    if (!has(*sets, CAP_NET_ADMIN)) return lacks("CAP_NET_ADMIN");
    if (!has(*sets, CAP_NET_RAW)) return lacks("CAP_NET_RAW");
    return {};
}

Result<void> drop_rights() {
    const auto sets = read_sets();
    if (!sets) return tl::unexpected<Error>(sets.error());
    const unsigned bpf = has(*sets, CAP_BPF) ? CAP_BPF : CAP_SYS_ADMIN;
    Sets kept{};
    for (const unsigned capability :
         {bpf, unsigned{CAP_NET_ADMIN}, unsigned{CAP_NET_BIND_SERVICE}}) {
        const std::uint32_t mask = CAP_TO_MASK(capability);
        kept[CAP_TO_INDEX(capability)].permitted |=
            (*sets)[CAP_TO_INDEX(capability)].permitted & mask;
    }
    for (auto& half : kept)
        half.effective = half.permitted;
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return io::sys_error("forbid new privileges");
    auto header = of_this_thread();
    if (::syscall(SYS_capset, &header, kept.data()) != 0) return io::sys_error("drop capabilities");
    return {};
}

} // namespace nlb::kernel
