// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"
#include "run_wiring.hpp"

#include <sched.h>

#include <algorithm>
#include <memory>
#include <thread>

namespace {

using namespace nlb;

constexpr std::uint64_t kMostThreads = 256;
constexpr std::uint64_t kLongestSeconds = 86'400;

/// The CPUs this process may use.
std::uint64_t usable_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) == 0) {
        return static_cast<std::uint64_t>(std::max(1, CPU_COUNT(&set)));
    }
    return std::max(1U, std::thread::hardware_concurrency());
}

Result<int> run(app::Context& context, const RunOptions& options) {
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
    command.number("-j,--threads", options->threads, {1, kMostThreads}, {"N"},
                   "Worker threads (default: one per CPU)");
    command.number("--connect-timeout", options->connect_timeout_seconds, {1, kLongestSeconds},
                   {"SECONDS"}, "How long a target has to answer (default: 30)");
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
