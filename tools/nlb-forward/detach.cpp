// SPDX-License-Identifier: Apache-2.0
// nlb-forward detach: takes away what a kernel datapath left at work.
#include "commands.hpp"

#ifdef NLB_WITH_BPF
#include "kernel/datapath.hpp"
#endif

#include <memory>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

Result<int> detach(const std::string& node) {
#ifdef NLB_WITH_BPF
    if (auto done = kernel::detach(node); !done) return tl::unexpected<Error>(done.error());
    return app::kDone;
#else
    return fail(Errc::System, "detach " + node + ": this nlb-forward was built without BPF");
#endif
}

} // namespace

app::Command detach_command() {
    return {"detach", "Take the kernel datapath of a node away, flows and all",
            [](app::Options& declare) {
                auto node = std::make_shared<std::string>(app::default_node());
                declare.text("--node", *node, {"NAME"},
                             "Name of the node (default: the host name)");
                return [node](app::Context&) { return detach(*node); };
            }};
}
