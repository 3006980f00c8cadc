// SPDX-License-Identifier: Apache-2.0
#include "sandbox/sandbox.hpp"

#include "sandbox/calls.hpp"
#include "sandbox/files.hpp"

#include "io/capabilities.hpp"
#include "io/fd.hpp"

#include <sys/prctl.h>

namespace nlb::sandbox {

Result<void> enter(const Rights& rights, const std::function<void(const std::string&)>& on_lack) {
    // Without it neither of the two below is to be had, nor would capabilities stay away.
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return io::sys_error("forbid new privileges");
    if (auto kept = io::keep_capabilities(rights.capabilities); !kept) return kept;
    std::string lacks;
    if (auto fenced = keep_folders(rights.folders); !fenced)
        lacks = "files are not fenced off: " + fenced.error().text();
    if (auto filtered = keep_calls(rights.uses_bpf); !filtered)
        lacks += (lacks.empty() ? "" : "; ") +
                 ("system calls are not filtered: " + filtered.error().text());
    if (!lacks.empty()) on_lack(lacks);
    return {};
}

} // namespace nlb::sandbox
