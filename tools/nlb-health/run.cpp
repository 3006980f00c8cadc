// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"
#include "service.hpp"

#include <memory>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

Result<int> run(app::Context& context, const RunOptions& options) {
    auto loop = io::EventLoop::make();
    if (!loop) return tl::unexpected<Error>(loop.error());
    Service service(context, *loop, options);
    if (auto started = service.start(); !started) return tl::unexpected<Error>(started.error());
    if (auto ran = loop->run(); !ran) return tl::unexpected<Error>(ran.error());
    if (service.failure()) return tl::unexpected<Error>(*service.failure());
    return app::kDone;
}

} // namespace

app::Command run_command() {
    return {"run", "Check the targets of target-sets for ever and report changes",
            [](CLI::App& app) {
                auto options = std::make_shared<RunOptions>();
                options->node = app::default_node();
                app.add_option("--input", options->input,
                               "Target-sets: - (standard input), a file, or unix:NAME")
                    ->type_name("SOURCE")
                    ->capture_default_str();
                app.add_option("--node", options->node, "Name of the node (default: host name)")
                    ->type_name("NAME");
                app.add_option("--zone", options->zone, "Availability Zone of the node")
                    ->type_name("ZONE");
                return [options](app::Context& context) { return run(context, *options); };
            }};
}
