// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"
#include "run_wiring.hpp"

#include <sched.h>

#include <algorithm>
#include <memory>
#include <thread>

namespace {

using namespace nlb;

constexpr std::size_t kMostThreads = 256;
constexpr std::uint32_t kLongestSeconds = 86'400;

/// The CPUs this process may use.
std::size_t usable_cpus() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) == 0) {
        return static_cast<std::size_t>(std::max(1, CPU_COUNT(&set)));
    }
    return std::max(1U, std::thread::hardware_concurrency());
}

Result<int> run(app::Context& context, const RunOptions& options) {
    auto loop = io::EventLoop::make();
    if (!loop) return tl::unexpected<Error>(loop.error());
    RunWiring wiring(*loop, context, options);
    return wiring.run();
}

std::function<Result<int>(app::Context&)> declare(CLI::App& command) {
    auto options = std::make_shared<RunOptions>();
    options->threads = std::min(usable_cpus(), kMostThreads);
    options->node = app::default_node();
    command.add_option("--input", options->input,
                       "Route-sets: - (standard input), a file, or unix:NAME");
    command.add_option("--records", options->records,
                       "Write flow and counter lines to -, a file, or unix:NAME");
    command.add_option("--zone", options->zone, "Serve only this Availability Zone (default: all)");
    command.add_option("--node", options->node, "Name of this node (default: the host name)");
    command.add_option("-j,--threads", options->threads, "Worker threads (default: one per CPU)")
        ->check(CLI::Range(std::size_t{1}, kMostThreads));
    command
        .add_option("--connect-timeout", options->connect_timeout_seconds,
                    "Seconds a target has to answer (default: 30)")
        ->check(CLI::Range(std::uint32_t{1}, kLongestSeconds));
    command
        .add_option("--drain-timeout", options->drain_timeout_seconds,
                    "Seconds connections have to end after SIGTERM (default: 30)")
        ->check(CLI::Range(std::uint32_t{0}, kLongestSeconds));
    command
        .add_option(
            "--counters-interval", options->counters_interval_seconds,
            "Seconds between counter lines; 0: only on SIGUSR1 and at the end (default: 60)")
        ->check(CLI::Range(std::uint32_t{0}, kLongestSeconds));
    return [options](app::Context& context) { return run(context, *options); };
}

} // namespace

app::Command run_command() {
    return {"run", "Forward connections through sockets until told to stop", declare};
}
