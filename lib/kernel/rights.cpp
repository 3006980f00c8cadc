// SPDX-License-Identifier: Apache-2.0
#include "kernel/rights.hpp"

#include "io/capabilities.hpp"

#include <linux/capability.h>

#include <cerrno>
#include <string>

namespace nlb::kernel {

namespace {

tl::unexpected<Error> lacks(const std::string& name) {
    return fail(Errc::System,
                "needs CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN and CAP_NET_RAW, and lacks " + name,
                EPERM);
}

} // namespace

Result<void> check_rights() {
    // CAP_SYS_ADMIN is what these two were taken out of in Linux 5.8. The verifier lets only who
    // may see kernel addresses subtract pointers into packets: CAP_PERFMON, until the programs are
    // in.
    if (!io::has_capability(CAP_SYS_ADMIN)) {
        if (!io::has_capability(CAP_BPF)) return lacks("CAP_BPF");
        if (!io::has_capability(CAP_PERFMON)) return lacks("CAP_PERFMON");
    }
    if (!io::has_capability(CAP_NET_ADMIN)) return lacks("CAP_NET_ADMIN");
    if (!io::has_capability(CAP_NET_RAW)) return lacks("CAP_NET_RAW");
    return {};
}

} // namespace nlb::kernel
