// SPDX-License-Identifier: Apache-2.0
// nlb-logs convert and schema: logs for other engines.
#include "commands.hpp"
#include "output_file.hpp"
#include "reading.hpp"
#include "store/log_table.hpp"
#include "store/schema.hpp"

#include <memory>
#include <optional>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

struct Conversion {
    Reading reading;
    query::Clauses clauses;
    std::string to = "ndjson";
};

// A file is opened by the first write, which comes when the question is known to be right.

/// Puts the lines of entries into a database.
Result<int> to_sqlite(app::Context& context, Conversion& c) {
    const std::string& output = c.reading.output;
    if (output.empty()) return fail(Errc::Usage, "--to sqlite needs --output");
    std::optional<store::LogTable> table;
    c.reading.raw = true;
    c.reading.to = [&](std::string_view lines) -> Result<void> {
        if (!table) {
            auto made = store::LogTable::create(output);
            if (!made) return tl::unexpected<Error>(made.error());
            table = std::move(*made);
        }
        while (!lines.empty()) {
            const std::size_t end = lines.find('\n');
            accesslog::Entry entry;
            accesslog::split(lines.substr(0, end), entry); // only entries arrive here
            if (auto ok = table->add(entry); !ok) return ok;
            lines.remove_prefix(end + 1);
        }
        return {};
    };
    auto status = answer(context, c.reading, c.clauses);
    if (!status) return status;
    if (auto ok = table->finish(); !ok) return tl::unexpected<Error>(ok.error());
    return status;
}

Result<int> convert(app::Context& context, Conversion& c) {
    if (c.to == "sqlite") return to_sqlite(context, c);
    c.reading.csv = c.to == "csv";
    c.reading.json = c.to == "ndjson";
    const std::string& output = c.reading.output;
    if (output.empty()) return answer(context, c.reading, c.clauses);
    std::optional<OutputFile> file;
    c.reading.to = [&](std::string_view text) -> Result<void> {
        if (!file) {
            if (auto ok = file.emplace().open(output); !ok) return ok;
        }
        return file->write(text);
    };
    return answer(context, c.reading, c.clauses);
}

struct Engines {
    bool athena = false;
    bool clickhouse = false;
    bool duckdb = false;
    bool sqlite = false;
};

Result<int> print_schema(const Engines& wanted) {
    if (int{wanted.athena} + int{wanted.clickhouse} + int{wanted.duckdb} + int{wanted.sqlite} != 1)
        return fail(Errc::Usage, "one of --athena, --clickhouse, --duckdb and --sqlite");
    const auto engine = wanted.athena       ? store::Engine::Athena
                        : wanted.clickhouse ? store::Engine::ClickHouse
                        : wanted.duckdb     ? store::Engine::DuckDb
                                            : store::Engine::Sqlite;
    return app::print(store::schema(engine)).map([] { return app::kDone; });
}

} // namespace

app::Command convert_command() {
    return {"convert", "Write entries as CSV, NDJSON or SQLite", [](app::Options& declare) {
                auto c = std::make_shared<Conversion>();
                declare_reading(declare, c->reading);
                declare.choice("--to", c->to, {"csv", "ndjson", "sqlite"}, {"FORMAT"},
                               "csv, ndjson (default) or sqlite");
                declare.text("--output", c->reading.output, {"FILE"},
                             "Where to (default: standard output)");
                declare.text("--where", c->clauses.where, {"CONDITION"}, "Only these entries");
                return [c](app::Context& context) { return convert(context, *c); };
            }};
}

app::Command schema_command() {
    return {"schema", "Print the table definition for another engine", [](app::Options& declare) {
                auto wanted = std::make_shared<Engines>();
                declare.flag("--athena", wanted->athena, "Athena, over the log files as they are");
                declare.flag("--clickhouse", wanted->clickhouse, "ClickHouse");
                declare.flag("--duckdb", wanted->duckdb, "DuckDB");
                declare.flag("--sqlite", wanted->sqlite, "SQLite");
                return [wanted](app::Context&) { return print_schema(*wanted); };
            }};
}
