// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"
#include "sandbox/sandbox.hpp"
#include "service.hpp"

#include "tls/client.hpp"

#include <memory>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

/// Everything is open but the connections to targets.
Result<void> give_up_rights(const app::Context& context) {
    tls::prepare();
    return sandbox::enter({.folders = {{app::runtime_dir(), true}}},
                          [&](const std::string& text) { context.log.notice(text); });
}

Result<int> run(app::Context& context, const RunOptions& options) {
    auto scripts = Scripts::begin(options.scripts);
    if (!scripts) return tl::unexpected<Error>(scripts.error());
    auto loop = io::EventLoop::make();
    if (!loop) return tl::unexpected<Error>(loop.error());
    Service service(context, *loop, options, scripts->get());
    if (auto started = service.start(); !started) return tl::unexpected<Error>(started.error());
    if (auto done = give_up_rights(context); !done) return tl::unexpected<Error>(done.error());
    context.tell_service_manager("READY=1");
    if (auto ran = loop->run(); !ran) return tl::unexpected<Error>(ran.error());
    context.tell_service_manager("STOPPING=1");
    if (service.failure()) return tl::unexpected<Error>(*service.failure());
    return app::kDone;
}

} // namespace

app::Command run_command() {
    return {"run", "Check the targets of target-sets for ever and report changes",
            [](app::Options& declare) {
                auto options = std::make_shared<RunOptions>();
                options->node = app::default_node();
                declare.text("--input", options->input, {"SOURCE"},
                             "Target-sets: - (standard input, the default), a file, or unix:NAME");
                declare.text("--node", options->node, {"NAME"},
                             "Name of the node (default: host name)");
                declare.text("--zone", options->zone, {"ZONE"}, "Availability Zone of the node");
                declare.text("--scripts", options->scripts, {"DIR"},
                             "Folder of the scripts that groups may name to check their targets");
                return [options](app::Context& context) { return run(context, *options); };
            }};
}
