// SPDX-License-Identifier: Apache-2.0
// nlb-forward replay: a capture through the packet core, with the capture's clock.
#include "commands.hpp"
#include "cpus.hpp"
#include "replay_engine.hpp"
#include "replay_inputs.hpp"
#include "replay_pipeline.hpp"
#include "replay_report.hpp"
#include "replay_session.hpp"

#include "capture/link.hpp"
#include "io/source.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <memory>
#include <optional>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

constexpr std::uint64_t kMostPackets = std::uint64_t{1} << 48U;

/// Everything that is read, open and checked.
struct Inputs {
    std::string name; ///< of the capture, for messages
    ReplayTimeline timeline;
    capture::Reader reader;
    std::unique_ptr<replay::Engine> engine;
};

Result<void> check_options(const ReplayOptions& options) {
    const bool is_difference = !options.difference.empty();
    if (options.summary && is_difference)
        return fail(Errc::Usage, "--summary and --diff exclude each other");
    if (options.write == "-" && (options.summary || is_difference))
        return fail(Errc::Usage, "--write - leaves no room for --summary or --diff");
    if (options.explain && (options.summary || is_difference || options.write == "-"))
        return fail(Errc::Usage, "--explain belongs to verdict lines");
    if (options.json && !options.summary) return fail(Errc::Usage, "--json needs --summary");
    const auto inputs = input_files(options);
    if (std::count(inputs.begin(), inputs.end(), "-") > 1)
        return fail(Errc::Usage, "only one input can be standard input");
    return {};
}

Result<Inputs> open_inputs(const app::Context& context, const ReplayOptions& options) {
    if (auto sound = check_options(options); !sound) return tl::unexpected<Error>(sound.error());
    const std::string name = options.capture == "-" ? "standard input" : in_quotes(options.capture);
    auto timeline = replay_timeline(context, options);
    if (!timeline) return tl::unexpected<Error>(timeline.error());
    auto source = io::open_source(options.capture);
    if (!source) return tl::unexpected<Error>(source.error());
    auto reader = capture::Reader::open(std::move(*source));
    if (!reader) return forward(reader.error(), name);
    auto engine = make_engine(options, timeline->timeline.tables());
    if (!engine) return tl::unexpected<Error>(engine.error());
    return Inputs{name, std::move(*timeline), std::move(*reader), std::move(*engine)};
}

/// The filter is tried on the link type of the first packet, before anything is written.
Result<std::optional<capture::Filter>> make_filter(const ReplayOptions& options,
                                                   const capture::Packet* first) {
    std::string expression;
    for (const std::string& word : options.filter)
        expression += (expression.empty() ? "" : " ") + word;
    if (expression.empty()) return std::nullopt;
    capture::Filter filter(std::move(expression));
    const bool is_known = first != nullptr && capture::is_known_link(first->link_type);
    auto ready = filter.compile(is_known ? first->link_type : capture::kLinkEthernet);
    if (!ready) return tl::unexpected<Error>(ready.error());
    return filter;
}

/// `first` was read already.
Result<void> read_all(Inputs& inputs, const capture::Packet* first, std::uint64_t count,
                      ReplaySession& session) {
    std::uint64_t taken = 0;
    for (const capture::Packet* packet = first; packet != nullptr;) {
        const auto took = session.take(*packet);
        if (!took) return tl::unexpected<Error>(took.error());
        if (*took && ++taken == count) return {};
        auto next = inputs.reader.next();
        if (!next) return forward(next.error(), inputs.name);
        packet = *next;
    }
    return {};
}

/// Two threads, where the second one has something to do: totals are no work.
bool is_parallel(const ReplayOptions& options) {
    const std::uint64_t threads = options.threads == 0 ? usable_cpus() : options.threads;
    return threads > 1 && (!options.summary || !options.write.empty());
}

/// What was decided before a damaged place is told all the same.
Result<void> finish(const Result<void>& outcome, bool whole, ReplayReport& report,
                    ReplayOutput& output) {
    report.sum_up();
    Result<void> compared = outcome ? report.end_comparison(whole) : outcome;
    if (auto done = output.flush(); !done) return done;
    if (auto done = output.close(); !done) return done;
    return compared;
}

int status(const app::Context& context, const Inputs& inputs, const ReplaySession& session,
           const ReplayReport& report) {
    if (session.skipped() > 0)
        context.log.warning(inputs.name + ": " + std::to_string(session.skipped()) +
                            " packets skipped; known link types are " + capture::known_links());
    if (report.compares()) return report.found_difference() ? app::kAnswerIsNo : app::kDone;
    return session.skipped() > 0 ? app::kInputPartlyBad : app::kDone;
}

Result<int> replay_capture(app::Context& context, const ReplayOptions& options) {
    auto inputs = open_inputs(context, options);
    if (!inputs) return tl::unexpected<Error>(inputs.error());
    auto first = inputs->reader.next();
    if (!first) return forward(first.error(), inputs->name);
    auto filter = make_filter(options, *first);
    if (!filter) return tl::unexpected<Error>(filter.error());
    if (auto kept = keep_inputs(options); !kept) return tl::unexpected<Error>(kept.error());
    auto output = ReplayOutput::open(options.write);
    if (!output) return tl::unexpected<Error>(output.error());
    replay::Timeline& timeline = inputs->timeline.timeline;
    auto report = ReplayReport::open(options, timeline.tables(), *output);
    if (!report) return tl::unexpected<Error>(report.error());
    std::optional<ReplayPipeline> pipeline;
    if (is_parallel(options)) pipeline.emplace(**report, !options.write.empty());
    ReplaySink& sink = pipeline ? static_cast<ReplaySink&>(*pipeline) : **report;
    ReplaySession session(timeline, *inputs->engine, sink, std::move(*filter));
    Result<void> outcome = read_all(*inputs, *first, options.count, session);
    // What could not be told is of an earlier packet than what could not be decided.
    if (auto told = pipeline ? pipeline->finish() : Result<void>(); !told) outcome = told;
    const auto finished = finish(outcome, options.count == 0, **report, *output);
    if (!finished) return tl::unexpected<Error>(finished.error());
    return status(context, *inputs, session, **report);
}

void declare_inputs(app::Options& declare, ReplayOptions& options) {
    declare.text("CAPTURE", options.capture, {"", true},
                 "pcap or pcapng file, plain, gzip or zstd; - is standard input");
    declare.texts("EXPRESSION", options.filter, {""},
                  "Decide only the packets that match, see pcap-filter(7)");
    declare.text("--config", options.config, {"FILE", true}, "nlb.toml(5)");
    declare.texts("--config-at", options.config_at, {"SECONDS=FILE"},
                  "From this Unix time on another nlb.toml(5); may be repeated");
    declare.text("--health", options.health, {"FILE"},
                 "target-health lines, and time lines that say when; without them nothing is "
                 "known and groups fail open");
    declare.text("--zone", options.zone, {"ZONE"},
                 "Only the node of this Availability Zone (default: all)");
    declare.ports("--host-port", options.host_ports, {"PORT"},
                  "Port of the node's addresses left to the host's own services");
}

void declare_outputs(app::Options& declare, ReplayOptions& options) {
    declare.text("-w,--write", options.write, {"FILE"},
                 "Write forwarded packets, resets and ICMP errors to this pcap file, or pcapng "
                 "when it is so named; - is standard output instead of the lines");
    declare.flag("--explain", options.explain,
                 "Add to each line the questions that were asked, and the answers");
    declare.flag("--summary", options.summary, "Totals instead of a line a packet");
    declare.flag("--json", options.json, "With --summary: NDJSON instead of a table");
    declare.text("--diff", options.difference, {"FILE"},
                 "Tell what differs from these lines of an earlier replay of the capture; "
                 "status 1 when anything does");
    declare.choice("--engine", options.engine, {"user", "tc", "xdp"}, {"ENGINE"},
                   "user: in this process (default); tc, xdp: in the kernel, takes root");
    declare.number("-j,--threads", options.threads, {1, 256}, {"THREADS"},
                   "Threads, of which two are used at most; the bytes are the same (default: one "
                   "for each CPU)");
    declare.number("-c,--count", options.count, {1, kMostPackets}, {"N"},
                   "Stop after so many packets");
}

} // namespace

app::Command replay_command() {
    return {"replay", "Decide every packet of a capture and say why", [](app::Options& declare) {
                auto options = std::make_shared<ReplayOptions>();
                declare_inputs(declare, *options);
                declare_outputs(declare, *options);
                return
                    [options](app::Context& context) { return replay_capture(context, *options); };
            }};
}
