// SPDX-License-Identifier: Apache-2.0
#include "reading.hpp"

#include "bars.hpp"
#include "envelope/envelope.hpp"
#include "inputs.hpp"
#include "output_file.hpp"
#include "printer.hpp"
#include "progress.hpp"
#include "scan/follower.hpp"
#include "window.hpp"

#include "app/table.hpp"
#include "io/clock.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <optional>
#include <thread>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words
using query::Format;
using query::Query;

namespace {

constexpr std::int64_t kMsPerSecond = 1000;

/// Rows as they come, up to the limit.
class Rows {
  public:
    Rows(Printer& printer, std::optional<std::uint64_t> limit) : printer_(printer), left_(limit) {}

    Result<bool> take(const std::string& rows) {
        if (!left_) return printer_.print(rows).map([] { return true; });
        std::size_t end = 0;
        while (*left_ > 0 && end < rows.size()) {
            end = rows.find('\n', end) + 1;
            --*left_;
        }
        return printer_.print(rows.substr(0, end)).map([this] { return *left_ > 0; });
    }

  private:
    Printer& printer_;
    std::optional<std::uint64_t> left_;
};

Format format_of(const Reading& reading) {
    if (reading.json) return Format::Json;
    if (reading.csv) return Format::Csv;
    return reading.raw ? Format::Raw : Format::Tsv;
}

Result<Query> query_of(const Reading& reading, const query::Clauses& clauses,
                       const scan::Window& window) {
    if (int{reading.json} + int{reading.csv} + int{reading.tsv} + int{reading.raw} > 1)
        return fail(Errc::Usage, "one of --json, --csv, --tsv and --raw");
    auto query = query::plan(clauses);
    if (!query) return query;
    if (reading.raw && query->grouped)
        return fail(Errc::Usage, "--raw gives the lines of entries, and groups have none");
    query->later_first = reading.turned_round;
    const scan::Window open;
    restrict_to(*query, window.since == open.since ? std::nullopt : std::optional(window.since),
                window.until == open.until ? std::nullopt : std::optional(window.until));
    return query;
}

/// Whether rows are for a person's eyes.
bool is_table(const Reading& reading) {
    return format_of(reading) == Format::Tsv && !reading.tsv && app::stdout_is_terminal();
}

unsigned threads(const Reading& reading) {
    const auto wanted = reading.jobs > 0 ? static_cast<unsigned>(reading.jobs)
                                         : std::thread::hardware_concurrency();
    return std::max(1U, wanted);
}

/// Tells what was wrong with files and lines; the exit status.
int status_of(const app::Context& context, const scan::Totals& totals) {
    int status = app::kDone;
    if (totals.rejected > 0) {
        context.log.warning(
            std::to_string(totals.rejected) +
            (totals.rejected == 1 ? " line is no entry: " : " lines are no entries, the first: ") +
            totals.first_rejected);
        status = app::kInputPartlyBad;
    }
    for (const Error& problem : totals.problems) {
        context.log.error(problem.text());
        status = std::max(status, problem.code == Errc::Data ? app::kInputPartlyBad : app::kSystem);
    }
    return status;
}

/// The rows that are known at the end only.
Result<void> print_rest(const Reading& reading, const Query& query, scan::Answer& answer,
                        Printer& printer) {
    std::vector<std::string> rows;
    if (query.grouped)
        rows = group_rows(query, answer.groups, query::Output(query, format_of(reading)));
    else
        for (query::Candidate& candidate : answer.candidates)
            rows.push_back(std::move(candidate.row));
    if (reading.turned_round) std::reverse(rows.begin(), rows.end());
    const std::string spark =
        is_table(reading) && reading.shows_spark ? sparkline(rows) : std::string();
    if (is_table(reading) && reading.shows_bars) add_bars(rows);
    std::string text;
    for (const std::string& row : rows)
        text += row;
    if (auto ok = printer.print(text); !ok) return ok;
    if (auto ok = printer.finish(); !ok) return ok;
    return app::print(spark);
}

/// One question to one list of files.
class Asking {
  public:
    Asking(app::Context& context, const Reading& reading)
        : context_(context), reading_(reading), format_(format_of(reading)),
          printer_(is_table(reading), reading.to) {}

    Result<void> begin(const Query& query) {
        if (!reading_.key.empty()) {
            auto key = envelope::Key::load(reading_.key);
            if (!key) return forward(key.error(), "--key");
            key_ = std::move(*key);
        }
        if (!reading_.rejects.empty()) {
            if (auto ok = rejects_.open(reading_.rejects); !ok) return ok;
        }
        return printer_.print(query::Output(query, format_).header());
    }

    /// The exit status.
    Result<int> ask(const std::vector<scan::Input>& inputs, const Query& query) {
        if (query.limit == 0) return printer_.finish().map([] { return app::kDone; });
        const bool has_rows = !query.grouped && query.order.empty();
        Progress progress(context_, has_rows);
        Rows rows(printer_, query.limit);
        auto result = scan::scan(
            inputs, query,
            {.jobs = threads(reading_),
             .is_strict = reading_.is_strict,
             .worker = {.format = format_, .keeps_rejected = !reading_.rejects.empty()},
             .key = key_,
             .progress = [&](std::size_t done, std::size_t all) { progress.show(done, all); }},
            {.rows = [&](const std::string& text) { return rows.take(text); },
             .rejected =
                 [&](const std::string& text) {
                     return rejects_.write(text).map([] { return true; });
                 }});
        progress.clear();
        if (!result) {
            if (auto ok = printer_.finish(); !ok) return tl::unexpected<Error>(ok.error());
            return tl::unexpected<Error>(result.error());
        }
        if (auto ok = print_rest(reading_, query, *result, printer_); !ok)
            return tl::unexpected<Error>(ok.error());
        return status_of(context_, result->totals);
    }

  private:
    app::Context& context_;
    const Reading& reading_;
    Format format_;
    Printer printer_;
    OutputFile rejects_; ///< lines that are no entries
    std::optional<envelope::Key> key_;
};

/// What is there, and then what comes, until there can be no more.
Result<int> follow(Asking& asking, const std::vector<std::string>& paths,
                   const scan::Window& window, const Query& query) {
    auto follower = scan::Follower::begin(paths, window);
    if (!follower) return tl::unexpected<Error>(follower.error());
    auto status = asking.ask(follower->now(), query);
    Query rest = query;
    rest.order.clear();
    rest.limit.reset();
    while (status && follower->has_files()) {
        const auto more = follower->wait();
        if (!more) return tl::unexpected<Error>(more.error());
        status = asking.ask(*more, rest);
    }
    return status;
}

} // namespace

void declare_reading(app::Options& declare, Reading& reading) {
    declare.texts("FILES", reading.files, {"", false},
                  "Logs (plain, gzip, zstd or CMS), folders of them, or - for standard input");
    declare.flag("-0,--null", reading.files_on_stdin,
                 "Names of files come on standard input, a zero byte behind each");
    declare.text("--since", reading.since, {"TIME"},
                 "Entries from then on: 2026-05-01T10:00, or 90m, 2h, 7d ago");
    declare.text("--until", reading.until, {"TIME"}, "Entries before then");
    declare.number("-j,--jobs", reading.jobs, {0, 256}, {"N"},
                   "Threads (default: one a processor)");
    declare.flag("--strict", reading.is_strict, "Fail at the first line that is no entry");
    declare.text("--key", reading.key, {"FILE"}, "Private key (PEM) for logs that are encrypted");
    declare.text("--rejects", reading.rejects, {"FILE"}, "Keep the lines that are no entries");
}

void declare_follow(app::Options& declare, Reading& reading) {
    declare.flag("-f,--follow", reading.follows, "Go on with lines and files that appear");
}

void declare_formats(app::Options& declare, Reading& reading) {
    declare.flag("--json", reading.json, "One JSON object a line");
    declare.flag("--csv", reading.csv, "Comma-separated values");
    declare.flag("--tsv", reading.tsv, "Tabs between values, also on a terminal");
}

Result<int> answer(app::Context& context, const Reading& reading, const query::Clauses& clauses) {
    const auto window = window_of(reading.since, reading.until, io::unix_ms() / kMsPerSecond);
    if (!window) return tl::unexpected<Error>(window.error());
    const auto query = query_of(reading, clauses, *window);
    if (!query) return tl::unexpected<Error>(query.error());
    const bool is_summary = query->grouped || query->limit;
    if (reading.follows && is_summary && !reading.turned_round)
        return fail(Errc::Usage, "--follow never ends, and groups and limits are of all entries");
    const auto paths = paths_of(reading);
    if (!paths) return tl::unexpected<Error>(paths.error());
    std::vector<std::string> files = scan::expand(*paths, *window);
    if (auto ok = check_outputs(reading, *paths, files); !ok)
        return tl::unexpected<Error>(ok.error());
    Asking asking(context, reading);
    if (auto ok = asking.begin(*query); !ok) return tl::unexpected<Error>(ok.error());
    if (reading.follows) return follow(asking, *paths, *window, *query);
    std::vector<scan::Input> inputs;
    inputs.reserve(files.size());
    for (std::string& path : files)
        inputs.push_back({std::move(path)});
    return asking.ask(inputs, *query);
}
