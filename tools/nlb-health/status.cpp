// SPDX-License-Identifier: Apache-2.0
// nlb-health status: what a running nlb-health, or a recording of one, says of the targets.
#include "commands.hpp"
#include "watch_source.hpp"

#include "app/table.hpp"
#include "io/clock.hpp"
#include "io/message_link.hpp"
#include "io/socket.hpp"

#include "health/board.hpp"

#include "base/text.hpp"
#include "contract/json.hpp"

#include <ctime>
#include <memory>
#include <numeric>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words
using health::Board;

namespace {

constexpr Nanos kLongestWait = Nanos::seconds(5); // for a snapshot

struct StatusOptions {
    std::string node;
    std::string input; ///< empty: the socket of the node
    bool json = false;
    bool summary = false;
    bool watch = false;
};

std::string seconds_of(std::optional<std::uint64_t> ns) {
    constexpr std::uint64_t kNsPerSecond = 1'000'000'000;
    return ns ? std::to_string(*ns / kNsPerSecond) + "s" : "-";
}

std::string table_of(const Board& board) {
    app::Table table({"GROUP", "TARGET", "STATE", "REASON", "SINCE", "CHECKS", "DESCRIPTION"});
    for (const contract::TargetHealth& line : board.lines()) {
        const auto reason = line.reason.value_or(model::HealthReason::None);
        table.add({line.group.value, line.target.value, std::string(to_text(line.state)),
                   line.reason ? std::string(to_text(reason)) : "-", seconds_of(line.since_ns),
                   line.probe_seq ? std::to_string(*line.probe_seq) : "-",
                   line.description.value_or("-")});
    }
    return table.text(app::stdout_is_terminal());
}

std::string lines_of(const Board& board) {
    std::string text;
    std::uint64_t seq = 0;
    for (const contract::TargetHealth& line : board.lines())
        contract::encode(line, ++seq, text);
    return text;
}

std::size_t sum(const Board::Totals& totals) {
    return std::accumulate(totals.begin(), totals.end(), std::size_t{0});
}

/// One row a group, and one of all of them.
std::vector<std::pair<std::string, Board::Totals>> summary(const Board& board) {
    std::vector<std::pair<std::string, Board::Totals>> rows;
    Board::Totals all{};
    for (const auto& [group, totals] : board.totals()) {
        rows.emplace_back(group.value, totals);
        for (std::size_t i = 0; i < totals.size(); ++i)
            all[i] += totals[i];
    }
    rows.emplace_back("", all);
    return rows;
}

std::string summary_table(const Board& board) {
    app::Table table({"GROUP", "TOTAL", "INITIAL", "HEALTHY", "UNHEALTHY", "UNUSED", "DRAINING",
                      "UNAVAILABLE", "UNHEALTHY.DRAINING"});
    for (const auto& [group, totals] : summary(board)) {
        std::vector<std::string> row{group.empty() ? "all" : group, std::to_string(sum(totals))};
        for (const std::size_t count : totals)
            row.push_back(std::to_string(count));
        table.add(std::move(row));
    }
    return table.text(app::stdout_is_terminal());
}

std::string summary_lines(const Board& board) {
    std::string text;
    for (const auto& [group, totals] : summary(board)) {
        text += '{';
        if (!group.empty()) {
            text += "\"group\":";
            contract::append_json_string(group, text);
            text += ',';
        }
        text += "\"total\":" + std::to_string(sum(totals));
        for (std::size_t i = 0; i < totals.size(); ++i) {
            text += ",\"" + std::string(EnumText<model::HealthState>::names[i]) +
                    "\":" + std::to_string(totals[i]);
        }
        text += "}\n";
    }
    return text;
}

/// "2026-11-22T14:30:00Z GROUP TARGET initial -> healthy DESCRIPTION"
std::string change_line(const Board::Change& change) {
    const std::time_t now = static_cast<std::time_t>(io::unix_ms() / 1000);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    std::string text(sizeof "2026-11-22T14:30:00Z", '\0');
    text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts));
    text += ' ' + change.now.group.value + ' ' + change.now.target.value + ' ';
    text += change.before ? std::string(to_text(*change.before)) : "new";
    text += " -> " + std::string(to_text(change.now.state));
    if (change.now.description) text += " " + *change.now.description;
    return text + '\n';
}

class Status {
  public:
    Status(app::Context& context, io::EventLoop& loop, StatusOptions options)
        : context_(context), loop_(loop), options_(std::move(options)) {}

    Result<void> open() {
        auto fd = open_source();
        if (!fd) return tl::unexpected<Error>(fd.error());
        auto out = is_socket_ ? fd->duplicate() : Result<io::Fd>(io::Fd());
        if (!out) return tl::unexpected<Error>(out.error());
        auto link = io::MessageLink::make(
            loop_, std::move(*fd), std::move(*out), context_.hello("status"),
            {.on_event = [this](const contract::Event& event) { on_event(event); },
             .on_batch = {},
             .on_closed = [this](const Result<void>& how) { on_closed(how); }});
        if (!link) return tl::unexpected<Error>(link.error());
        link_ = std::move(*link);
        if (is_socket_) loop_.at(io::now() + kLongestWait, [this](Nanos) { give_up(); });
        return {};
    }

    [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

  private:
    Result<io::Fd> open_source() {
        is_socket_ = options_.input.starts_with("unix:");
        if (!is_socket_) return io::open_stream(options_.input);
        auto path = app::socket_path(options_.input);
        if (!path) return tl::unexpected<Error>(path.error());
        return io::connect_unix(*path);
    }

    void on_event(const contract::Event& event) {
        const bool was_complete = board_.is_complete();
        const Board::Outcome outcome = board_.take(event);
        if (!outcome.warning.empty()) context_.log.warning(outcome.warning);
        if (!is_socket_) return; // a recording: its end is what is shown
        if (board_.is_complete() && !was_complete) {
            show();
            if (!options_.watch) loop_.stop();
        } else if (options_.watch) {
            for (const Board::Change& change : outcome.changes)
                print(options_.json ? encoded(change) : change_line(change));
        }
    }

    std::string encoded(const Board::Change& change) {
        std::string text;
        contract::encode(change.now, ++seq_, text);
        return text;
    }

    void show() {
        if (options_.summary)
            return print(options_.json ? summary_lines(board_) : summary_table(board_));
        seq_ = board_.lines().size();
        print(options_.json ? lines_of(board_) : table_of(board_));
    }

    void print(const std::string& text) {
        if (auto ok = app::print(text); !ok) end(ok.error());
    }

    void on_closed(const Result<void>& how) {
        if (!how) return end(how.error());
        if (is_socket_) return end(Error{Errc::System, 0, options_.input + ": it ended"});
        if (!board_.is_complete()) {
            return end(Error{Errc::Data, 0,
                             in_quotes(options_.input) + " ended without a target-health set"});
        }
        show();
        loop_.stop();
    }

    void give_up() {
        if (!board_.is_complete())
            end(Error{Errc::System, 0, options_.input + ": no snapshot within 5 s"});
    }

    void end(Error why) {
        failure_ = std::move(why);
        loop_.stop();
    }

    app::Context& context_;
    io::EventLoop& loop_;
    StatusOptions options_;
    Board board_;
    std::unique_ptr<io::MessageLink> link_;
    std::optional<Error> failure_;
    std::uint64_t seq_ = 0;
    bool is_socket_ = false;
};

Result<int> status(app::Context& context, StatusOptions options) {
    if (options.input.empty()) options.input = watch_source(options.node);
    if (options.watch && !options.input.starts_with("unix:"))
        return fail(Errc::Usage, "--watch goes with a socket");
    auto loop = io::EventLoop::make();
    if (!loop) return tl::unexpected<Error>(loop.error());
    Status shown(context, *loop, options);
    if (auto opened = shown.open(); !opened) return forward(opened.error(), "nlb-health run");
    if (auto ran = loop->run(); !ran) return tl::unexpected<Error>(ran.error());
    if (shown.failure()) return tl::unexpected<Error>(*shown.failure());
    return app::kDone;
}

} // namespace

app::Command status_command() {
    return {"status", "Show the health of every target of a running nlb-health",
            [](app::Options& declare) {
                auto options = std::make_shared<StatusOptions>();
                options->node = app::default_node();
                declare.text("--node", options->node, {"NAME"},
                             "Name of the node (default: host name)");
                declare.text("--input", options->input, {"SOURCE"},
                             "Read target-health from -, a file, or unix:NAME instead");
                declare.flag("--json", options->json, "One JSON object a line");
                declare.flag("--summary", options->summary, "Totals for each state, by group");
                declare.flag("--watch", options->watch, "Then print every change as it happens");
                return [options](app::Context& context) { return status(context, *options); };
            }};
}
