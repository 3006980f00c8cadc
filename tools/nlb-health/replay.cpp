// SPDX-License-Identifier: Apache-2.0
// nlb-health replay: what it would have reported of the connections in a capture.
#include "commands.hpp"
#include "complaints.hpp"

#include "capture/link.hpp"
#include "capture/reader.hpp"
#include "capture/segment.hpp"
#include "io/fd.hpp"
#include "io/source.hpp"

#include "health/observer.hpp"

#include "base/text.hpp"

#include <memory>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words
using health::Observer;

namespace {

constexpr std::size_t kMostInput = 256U << 20U;

struct ReplayOptions {
    std::string capture;
    std::string targets;
    bool json = false;
};

Result<std::vector<health::GroupSet>> load(const std::string& file, Complaints& complaints) {
    auto bytes = io::read_file(file, kMostInput);
    if (!bytes) return tl::unexpected<Error>(bytes.error());
    std::vector<health::GroupSet> sets;
    contract::StreamReader reader;
    health::Intake intake;
    const auto take = [&](health::Intake::Outcome outcome) {
        complaints.add(outcome.warnings);
        std::move(outcome.sets.begin(), outcome.sets.end(), std::back_inserter(sets));
    };
    for (const contract::Event& event : reader.feed(*bytes))
        take(intake.take(event));
    for (const contract::Event& event : reader.finish())
        take(intake.take(event));
    take(intake.finish());
    if (sets.empty()) return fail(Errc::Data, in_quotes(file) + " holds no complete target-set");
    return sets;
}

/// "1700000000.000000000"
std::string seconds(Nanos time) {
    constexpr std::int64_t kNsPerSecond = 1'000'000'000;
    const std::string fraction = std::to_string(time.ns % kNsPerSecond);
    return std::to_string(time.ns / kNsPerSecond) + "." + std::string(9 - fraction.size(), '0') +
           fraction;
}

/// What is printed of each report.
class Printer {
  public:
    explicit Printer(bool json) : json_(json) {}

    void add(const Observer::Report& report) {
        if (json_ && std::exchange(last_, report.time) != report.time) {
            put(contract::Time{static_cast<std::uint64_t>(report.time.ns)});
        }
        std::visit([&](const auto& what) { add(report.time, what); }, report.what);
    }

    /// Hands over what was printed once there is enough of it, or all of it.
    Result<void> flush(bool all) {
        constexpr std::size_t kEnough = 1U << 16U;
        if (text_.empty() || (!all && text_.size() < kEnough)) return {};
        return app::print(std::exchange(text_, {}));
    }

  private:
    void put(const contract::Message& message) { contract::encode(message, ++seq_, text_); }

    template <class Line>
    void begin(Nanos time, const Line& line) {
        text_ += seconds(time) + ' ' + line.group.value + ' ' + line.target.value + ' ';
    }

    void add(Nanos time, const contract::CheckResult& line) {
        if (json_) return put(line);
        begin(time, line);
        text_ += "check " + line.outcome;
        if (line.text) text_ += " " + *line.text;
        text_ += '\n';
    }

    void add(Nanos time, const contract::TargetEvidence& line) {
        if (json_) return put(line);
        begin(time, line);
        text_ += "flow " + line.kind + '\n';
    }

    void add(Nanos time, const Observer::Transition& change) {
        if (json_) return put(change.now);
        begin(time, change.now);
        text_ +=
            std::string(to_text(change.before)) + " -> " + std::string(to_text(change.now.state));
        if (change.now.description) text_ += " " + *change.now.description;
        text_ += '\n';
    }

    bool json_;
    std::string text_;
    std::optional<Nanos> last_;
    std::uint64_t seq_ = 0;
};

Result<void> read_all(capture::Reader& reader, Observer& observer, Printer& printer) {
    std::vector<std::uint8_t> frame;
    Nanos last;
    for (;;) {
        const auto packet = reader.next();
        if (!packet) return tl::unexpected<Error>(packet.error());
        if (*packet == nullptr) break;
        last = (*packet)->time;
        if (!capture::to_ethernet((*packet)->link_type, (*packet)->bytes, frame)) continue;
        const auto segment = capture::read_segment(frame);
        if (!segment) continue;
        observer.take({last, segment->from, segment->to, segment->ack, segment->tcp});
        for (const Observer::Report& report : observer.drain())
            printer.add(report);
        if (auto ok = printer.flush(false); !ok) return ok;
    }
    observer.tick(last);
    for (const Observer::Report& report : observer.drain())
        printer.add(report);
    return {};
}

Result<int> replay(app::Context& context, const ReplayOptions& options) {
    if (options.capture == "-" && options.targets == "-")
        return fail(Errc::Usage, "only one input can be standard input");
    Complaints complaints(context.log);
    auto sets = load(options.targets, complaints);
    if (!sets) return tl::unexpected<Error>(sets.error());
    auto source = io::open_source(options.capture);
    if (!source) return tl::unexpected<Error>(source.error());
    auto reader = capture::Reader::open(std::move(*source));
    const std::string name = options.capture == "-" ? "standard input" : in_quotes(options.capture);
    if (!reader) return forward(reader.error(), name);
    Observer observer(std::move(*sets));
    Printer printer(options.json);
    const auto read = read_all(*reader, observer, printer);
    if (auto ok = printer.flush(true); !ok) return tl::unexpected<Error>(ok.error());
    if (!read) return forward(read.error(), name);
    if (observer.connections() == 0)
        context.log.warning(name + ": no connection to a target begins there");
    if (observer.ignored() > 0) {
        context.log.warning(name + ": " + std::to_string(observer.ignored()) +
                            " connections were too many at once and left out");
    }
    return complaints.count() > 0 || observer.ignored() > 0 ? app::kInputPartlyBad : app::kDone;
}

} // namespace

app::Command replay_command() {
    return {"replay", "Tell what checks and clients in a capture show of the targets",
            [](app::Options& declare) {
                auto options = std::make_shared<ReplayOptions>();
                options->targets = "-";
                declare.text("CAPTURE", options->capture, {"", true},
                             "pcap or pcapng, also gzip or zstd; - is standard input");
                declare.text("--targets", options->targets, {"FILE"},
                             "Target-sets that say how the targets are checked (default: -)");
                declare.flag("--json", options->json, "Messages as NDJSON, with time lines");
                return [options](app::Context& context) { return replay(context, *options); };
            }};
}
