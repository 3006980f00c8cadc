// SPDX-License-Identifier: Apache-2.0
// nlb-forward replay: a capture through the packet core, with the capture's clock.
#include "commands.hpp"
#include "packet_engine.hpp"
#include "replay_tables.hpp"
#include "verdict_line.hpp"

#include "capture/link.hpp"
#include "capture/reader.hpp"
#include "capture/writer.hpp"
#include "io/fd.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <optional>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

struct Options {
    std::string capture;
    ReplaySources sources;
    std::string write;
    std::string engine = "user";
    std::uint64_t count = 0; ///< 0: all
};

constexpr std::uint64_t kMostPackets = std::uint64_t{1} << 48U;
constexpr std::size_t kBatchBytes = 65'536;
constexpr std::uint64_t kSweepEvery = 65'536; ///< packets; the same on every engine
constexpr Nanos kKeepEnded = Nanos::seconds(60);

/// Where packets go: lines to standard output, frames to a file. "-" is standard output for the
/// frames, and then there are no lines.
class Output {
  public:
    static Result<Output> open(const std::string& path) {
        Output output;
        if (path.empty()) return output;
        output.frames_.emplace();
        output.has_lines_ = path != "-";
        if (!output.has_lines_) return output;
        output.path_ = path;
        output.file_.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
        if (!output.file_.is_open()) return io::sys_error("open " + in_quotes(path));
        return output;
    }

    void put_frame(Nanos time, std::span<const std::uint8_t> frame) {
        if (frames_) frames_->put(time, frame);
    }

    std::string& lines() { return lines_; }

    Result<void> flush_some() {
        if (lines_.size() < kBatchBytes && (!frames_ || frames_->pending() < kBatchBytes))
            return {};
        return flush();
    }

    Result<void> flush() {
        const std::string lines = std::exchange(lines_, {});
        if (has_lines_) {
            if (auto done = app::print(lines); !done) return done;
        }
        if (!frames_) return {};
        const std::string frames = frames_->drain();
        return has_lines_ ? write_file(frames) : app::print(frames);
    }

    /// After the last flush.
    Result<void> close() {
        if (!file_.is_open()) return {};
        return file_.close("close " + in_quotes(path_));
    }

  private:
    Result<void> write_file(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t n =
                io::retry([&] { return ::write(file_.get(), bytes.data(), bytes.size()); });
            if (n < 0) return io::sys_error("write " + in_quotes(path_));
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return {};
    }

    std::string lines_;
    std::optional<capture::Writer> frames_;
    bool has_lines_ = true;
    std::string path_;
    io::Fd file_;
};

bool is_same_file(const std::string& path, const std::string& input) {
    struct stat out {};

    struct stat in {};

    if (::stat(path.c_str(), &out) != 0 || !S_ISREG(out.st_mode)) return false;
    const int rc = input == "-" ? ::fstat(STDIN_FILENO, &in) : ::stat(input.c_str(), &in);
    return rc == 0 && out.st_dev == in.st_dev && out.st_ino == in.st_ino;
}

/// Opening the output empties it.
Result<void> keep_inputs(const Options& options) {
    for (const std::string& input :
         {options.capture, options.sources.configuration, options.sources.health}) {
        if (options.write == "-" || input.empty() || !is_same_file(options.write, input)) continue;
        return fail(Errc::Usage,
                    "--write " + in_quotes(options.write) + " is an input: it would be lost");
    }
    return {};
}

/// One capture on its way through one engine.
class Replay {
  public:
    Replay(const flow::Tables& tables, PacketEngine engine, Output& output)
        : tables_(tables), engine_(std::move(engine)), output_(output) {}

    Result<void> take(const capture::Packet& packet) {
        const PacketPlace place{packet.number, packet.time};
        if (!capture::to_ethernet(packet.link_type, packet.bytes, frame_)) {
            ++skipped_;
            append_skipped_line(place,
                                capture::is_known_link(packet.link_type) ? "short-link-header"
                                                                         : "unknown-link-type",
                                output_.lines());
            return output_.flush_some();
        }
        auto decision = engine_.decide(frame_, packet.time);
        if (!decision) return tl::unexpected<Error>(decision.error());
        append_verdict_line(place, *decision, tables_, output_.lines());
        const std::uint8_t action = decision->verdict.action;
        if (action == NLB_FORWARD || action == NLB_RESET || action == NLB_ICMP)
            output_.put_frame(packet.time, frame_);
        if (packet.number % kSweepEvery == 0) {
            if (auto swept = engine_.sweep(packet.time, kKeepEnded); !swept) return swept;
        }
        return output_.flush_some();
    }

    [[nodiscard]] std::uint64_t skipped() const { return skipped_; }

  private:
    const flow::Tables& tables_;
    PacketEngine engine_;
    Output& output_;
    std::vector<std::uint8_t> frame_;
    std::uint64_t skipped_ = 0;
};

Result<void> read_all(capture::Reader& reader, std::uint64_t count, Replay& replay) {
    for (std::uint64_t taken = 0; count == 0 || taken < count; ++taken) {
        auto packet = reader.next();
        if (!packet) return tl::unexpected<Error>(packet.error());
        if (*packet == nullptr) return {};
        if (auto done = replay.take(**packet); !done) return done;
    }
    return {};
}

Result<int> replay(app::Context& context, const Options& options) {
    const std::string name = options.capture == "-" ? "standard input" : in_quotes(options.capture);
    auto tables = replay_tables(context, options.sources);
    if (!tables) return tl::unexpected<Error>(tables.error());
    auto source = capture::open_source(options.capture);
    if (!source) return tl::unexpected<Error>(source.error());
    auto reader = capture::Reader::open(std::move(*source));
    if (!reader) return forward(reader.error(), name);
    auto engine = make_engine(options.engine, *tables);
    if (!engine) return tl::unexpected<Error>(engine.error());
    if (auto kept = keep_inputs(options); !kept) return tl::unexpected<Error>(kept.error());
    auto output = Output::open(options.write);
    if (!output) return tl::unexpected<Error>(output.error());
    Replay session(*tables, std::move(*engine), *output);
    const Result<void> outcome = read_all(*reader, options.count, session);
    // What was decided before a damaged place is told all the same.
    if (auto done = output->flush(); !done) return tl::unexpected<Error>(done.error());
    if (auto done = output->close(); !done) return tl::unexpected<Error>(done.error());
    if (!outcome) return forward(outcome.error(), name);
    if (session.skipped() == 0) return app::kDone;
    context.log.warning(name + ": " + std::to_string(session.skipped()) +
                        " packets skipped; known link types are " + capture::known_links());
    return app::kInputPartlyBad;
}

} // namespace

app::Command replay_command() {
    return {
        "replay", "Decide every packet of a capture and say why", [](app::Options& declare) {
            auto options = std::make_shared<Options>();
            declare.text("CAPTURE", options->capture, {"", true},
                         "pcap or pcapng file, plain, gzip or zstd; - is standard input");
            declare.text("--config", options->sources.configuration, {"FILE", true}, "nlb.toml(5)");
            declare.text("--health", options->sources.health, {"FILE"},
                         "target-health lines; without them nothing is known and groups "
                         "fail open");
            declare.text("--zone", options->sources.zone, {"ZONE"},
                         "Only the node of this Availability Zone (default: all)");
            declare.text("-w,--write", options->write, {"FILE"},
                         "Write forwarded packets and resets to this pcap file; - is "
                         "standard output instead of the lines");
            declare.choice("--engine", options->engine, {"user", "tc", "xdp"}, {"ENGINE"},
                           "user: in this process (default); tc, xdp: in the kernel, takes root");
            declare.number("-c,--count", options->count, {1, kMostPackets}, {"N"},
                           "Stop after so many packets");
            return [options](app::Context& context) { return replay(context, *options); };
        }};
}
