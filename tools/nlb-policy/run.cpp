// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"
#include "sandbox/sandbox.hpp"
#include "server.hpp"

#include "app/configuration_file.hpp"
#include "io/signals.hpp"

#include "base/text.hpp"

#include <linux/capability.h>

#include <csignal>
#include <memory>

namespace nlb::policy {

namespace {

struct Options {
    std::string file;
    std::string listen = "unix:policy";
    std::string state;
    std::string consensus = "majority";
    bool check = false;
};

void handle(int signal, Server& server, io::EventLoop& loop) {
    switch (signal) {
    case SIGHUP: return server.reload();
    case SIGUSR1: return server.log_statistics();
    default: loop.stop();
    }
}

std::string state_path(const Options& options) {
    return options.state.empty() ? app::runtime_dir() + "/policy.state" : options.state;
}

/// The configuration is read again in its folder, where the file may be replaced, and in the one
/// that it is linked to now; started by root, whoever owns it.
Result<void> give_up_rights(const app::Context& context, const Options& options,
                            const std::string& socket) {
    sandbox::Rights rights;
    rights.capabilities = {CAP_DAC_READ_SEARCH};
    rights.folders = sandbox::folders_of(options.file);
    for (const std::string& file : {state_path(options), socket})
        rights.folders.push_back({sandbox::folder_of(file), true});
    return sandbox::enter(rights, [&](const std::string& text) { context.log.notice(text); });
}

Result<int> serve(app::Context& context, const Options& options, const std::string& path,
                  model::Configuration configuration) {
    auto loop = io::EventLoop::make();
    if (!loop) return tl::unexpected<Error>(loop.error());
    const auto rule = from_text<health::ConsensusRule>(options.consensus);
    Server server(
        context, *loop,
        {options.file, state_path(options), rule.value_or(health::ConsensusRule::Majority)},
        std::move(configuration));
    auto signals = io::Signals::watch(*loop, {SIGHUP, SIGUSR1, SIGTERM, SIGINT},
                                      [&](int signal) { handle(signal, server, *loop); });
    if (!signals) return tl::unexpected<Error>(signals.error());
    if (auto listening = server.listen(path); !listening) {
        return tl::unexpected<Error>(listening.error());
    }
    if (auto done = give_up_rights(context, options, path); !done)
        return tl::unexpected<Error>(done.error());
    context.log.notice("serving " + in_quotes(options.file) + " at " + in_quotes(path));
    context.tell_service_manager("READY=1");
    if (auto ran = loop->run(); !ran) return tl::unexpected<Error>(ran.error());
    context.tell_service_manager("STOPPING=1");
    return app::kDone;
}

Result<int> run(app::Context& context, const Options& options) {
    if (options.file == "-") {
        return fail(Errc::Usage, "FILE must be a file: run reads it again on SIGHUP");
    }
    auto path = app::socket_path(options.listen);
    if (!path) return forward(path.error(), "--listen");
    auto configuration = load_configuration(context, options.file);
    if (!configuration) return tl::unexpected<Error>(configuration.error());
    if (options.check) return app::kDone;
    return serve(context, options, *path, std::move(*configuration));
}

} // namespace

app::Command run_command() {
    return {"run",
            "Serve target-sets and route-sets on a socket and merge the health that comes in",
            [](app::Options& declare) {
                auto options = std::make_shared<Options>();
                declare.text("FILE", options->file, {"", true}, "Configuration, see nlb.toml(5)");
                declare.text("--listen", options->listen, {"SOCKET"},
                             "unix:NAME or unix:/PATH (default: unix:policy)");
                declare.text("--state", options->state, {"FILE"},
                             "What outlives this process (default: policy.state beside the "
                             "sockets)");
                declare.choice("--consensus", options->consensus, {"majority", "any", "all"},
                               {"RULE"}, "Whose checks decide: majority (default), any or all");
                declare.flag("--check", options->check, "Check the configuration and exit");
                return [options](app::Context& context) { return run(context, *options); };
            }};
}

} // namespace nlb::policy
