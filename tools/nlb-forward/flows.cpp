// SPDX-License-Identifier: Apache-2.0
// nlb-forward flows: the flows of a kernel datapath, as ss(8) lists sockets.
#include "commands.hpp"

#ifdef NLB_WITH_BPF
#include "flow_lines.hpp"
#endif

#include <memory>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

struct Options {
    std::string node;
    bool json = false;
    std::vector<std::string> filter;
};

Result<int> flows(const Options& options) {
#ifdef NLB_WITH_BPF
    auto filter = FlowFilter::parse(options.filter);
    if (!filter) return tl::unexpected<Error>(filter.error());
    auto printed = print_flows(options.node, *filter, options.json);
    if (!printed) return tl::unexpected<Error>(printed.error());
    return app::kDone;
#else
    return fail(Errc::System,
                "flows of " + options.node + ": this nlb-forward was built without BPF");
#endif
}

} // namespace

app::Command flows_command() {
    return {"flows", "List the flows of a kernel datapath", [](app::Options& declare) {
                auto options = std::make_shared<Options>();
                options->node = app::default_node();
                declare.text("--node", options->node, {"NAME"},
                             "Name of the node (default: the host name)");
                declare.flag("--json", options->json, "One JSON object a flow");
                declare.texts("FILTER", options->filter, {"FILTER"},
                              "state WORD, src ADDRESS[:PORT], dst ADDRESS[:PORT], target ID, "
                              "listener ID, in pairs");
                return [options](app::Context&) { return flows(*options); };
            }};
}
