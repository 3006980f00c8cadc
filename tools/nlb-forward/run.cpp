// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"
#include "cpus.hpp"
#include "run_wiring.hpp"

#include <algorithm>
#include <memory>

namespace {

using namespace nlb;

constexpr std::uint64_t kMostThreads = 256;
constexpr std::uint64_t kMostRetries = 16;
constexpr std::uint64_t kLongestSeconds = 86'400;
constexpr std::uint64_t kMostTableEntries = 1U << 26U;

void declare_kernel(app::Options& command, KernelOptions& options) {
    command.texts("--interface", options.interfaces, {"IF"},
                  "Interface of clients or targets; again for each (kernel)");
    command.choice("--hook", options.hook, {"auto", "tc", "xdp"}, {"HOOK"},
                   "Where packets are met: tc, xdp, or what suits the interface (default: auto)");
    command.texts("--internet-gateway", options.gateways, {"IF"},
                  "Interface that the internet gateway's packets come by (kernel)");
    command.ports("--host-port", options.host_ports, {"PORT"},
                  "Port of the node's addresses left to the host's own services (kernel)");
    command.number("--flow-table", options.most_flows, {1024, kMostTableEntries}, {"N"},
                   "Entries of the kernel's flow tables, two a flow (default: 1048576)");
    command.number(
        "--new-flow-rate", options.new_flows, {0, kMostTableEntries}, {"N"},
        "New flows a second above which the kernel opens none; 0: no limit (default: 0)");
}

Result<void> check_kernel(const RunOptions& options) {
    const bool is_kernel = options.datapath == "kernel";
    if (is_kernel && options.kernel.interfaces.empty())
        return fail(Errc::Usage, "--datapath kernel: name the interfaces with --interface");
    const KernelOptions& kernel = options.kernel;
    if (!is_kernel &&
        !(kernel.interfaces.empty() && kernel.gateways.empty() && kernel.host_ports.empty()))
        return fail(Errc::Usage,
                    "--interface, --internet-gateway and --host-port go with --datapath kernel");
    return {};
}

Result<int> run(app::Context& context, const RunOptions& options) {
    if (auto fits = check_kernel(options); !fits) return tl::unexpected<Error>(fits.error());
    auto loop = io::EventLoop::make();
    if (!loop) return tl::unexpected<Error>(loop.error());
    RunWiring wiring(*loop, context, options);
    return wiring.run();
}

std::function<Result<int>(app::Context&)> declare(app::Options& command) {
    auto options = std::make_shared<RunOptions>();
    options->threads = std::min(usable_cpus(), kMostThreads);
    options->node = app::default_node();
    command.text("--input", options->input, {"SOURCE"},
                 "Route-sets: - (standard input), a file, or unix:NAME");
    command.text("--records", options->records, {"SINK"},
                 "Write flow and counter lines to -, a file, or unix:NAME");
    command.text("--zone", options->zone, {"ZONE"},
                 "Serve only this Availability Zone (default: all)");
    command.text("--node", options->node, {"NAME"}, "Name of this node (default: the host name)");
    command.choice("--datapath", options->datapath, {"proxy", "kernel"}, {"PATH"},
                   "Move bytes between sockets, or packets in the kernel (default: proxy)");
    declare_kernel(command, options->kernel);
    command.number("-j,--threads", options->threads, {1, kMostThreads}, {"N"},
                   "Worker threads (default: one per CPU)");
    command.number("--connect-timeout", options->connect_timeout_seconds, {1, kLongestSeconds},
                   {"SECONDS"}, "How long a target has to answer (default: 30)");
    command.number("--connect-retries", options->connect_retries, {0, kMostRetries}, {"N"},
                   "Other targets to try when one takes no connection (default: 0)");
    command.text("--vpc-flow-log", options->vpc_flow_log, {"FILE"},
                 "Append two VPC flow log records a connection");
    command.text("--takeover", options->takeover, {"SOCKET"},
                 "Go on with the listening sockets of the process that waits at unix:NAME");
    command.number("--drain-timeout", options->drain_timeout_seconds, {0, kLongestSeconds},
                   {"SECONDS"}, "How long connections have to end after SIGTERM (default: 30)");
    command.number("--counters-interval", options->counters_interval_seconds, {0, kLongestSeconds},
                   {"SECONDS"},
                   "Between counter lines; 0: only on SIGUSR1 and at the end (default: 60)");
    return [options](app::Context& context) { return run(context, *options); };
}

} // namespace

app::Command run_command() {
    return {"run", "Forward connections through sockets until told to stop", declare};
}
