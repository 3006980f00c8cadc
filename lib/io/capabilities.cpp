// SPDX-License-Identifier: Apache-2.0
#include "io/capabilities.hpp"

#include "io/fd.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace nlb::io {

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
    if (::syscall(SYS_capget, &header, sets.data()) != 0) return sys_error("read capabilities");
    return sets;
}

} // namespace

bool has_capability(unsigned capability) {
    const auto sets = read_sets();
    return sets && (sets->at(CAP_TO_INDEX(capability)).effective & CAP_TO_MASK(capability)) != 0;
}

Result<void> keep_capabilities(const std::vector<unsigned>& wanted) {
    const auto has = read_sets();
    if (!has) return tl::unexpected<Error>(has.error());
    Sets kept{};
    for (const unsigned capability : wanted) {
        const std::size_t half = CAP_TO_INDEX(capability);
        kept.at(half).permitted |= has->at(half).permitted & CAP_TO_MASK(capability);
        kept.at(half).effective = kept.at(half).permitted;
    }
    auto header = of_this_thread();
    if (::syscall(SYS_capset, &header, kept.data()) != 0) return sys_error("drop capabilities");
    return {};
}

} // namespace nlb::io
