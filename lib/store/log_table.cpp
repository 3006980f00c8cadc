// SPDX-License-Identifier: Apache-2.0
#include "store/log_table.hpp"

#include "store/schema.hpp"

#include "base/text.hpp"

#include <sqlite3.h>

namespace nlb::store {

using accesslog::Entry;
using accesslog::Field;
using accesslog::kFieldCount;
using accesslog::kFields;

namespace {

constexpr int kColumns = static_cast<int>(kFieldCount) + 5; ///< extra, and two sides

/// Not copied: what is bound outlives the step.
void bind(sqlite3_stmt* statement, int at, std::optional<std::string_view> text, bool is_number) {
    const auto number = text && is_number ? accesslog::parse_number(*text) : std::nullopt;
    if (number)
        sqlite3_bind_int64(statement, at, *number);
    else if (text)
        sqlite3_bind_text(statement, at, text->data(), static_cast<int>(text->size()), nullptr);
    else
        sqlite3_bind_null(statement, at);
}

} // namespace

void LogTable::Close::operator()(sqlite3* base) const {
    sqlite3_close(base);
}

void LogTable::Close::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

tl::unexpected<Error> LogTable::failure(const std::string& attempt) const {
    return fail(Errc::System,
                attempt + " " + in_quotes(path_) + ": " + sqlite3_errmsg(base_.get()));
}

Result<void> LogTable::run(const std::string& sql) {
    if (sqlite3_exec(base_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        return failure("write");
    return {};
}

Result<LogTable> LogTable::create(const std::string& path) {
    LogTable table;
    table.path_ = path;
    sqlite3* base = nullptr;
    const int opened = sqlite3_open(path.c_str(), &base);
    table.base_.reset(base);
    if (opened != SQLITE_OK) return table.failure("open");
    // One transaction into a new file: what is half written is worth nothing, so nothing guards it.
    if (auto ok = table.run("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN"); !ok)
        return tl::unexpected<Error>(ok.error());
    if (!table.run(schema(Engine::Sqlite)))
        return fail(Errc::Usage,
                    in_quotes(path) + " has a table of logs already, or is no database");
    std::string marks = "?";
    for (int i = 1; i < kColumns; ++i)
        marks += ",?";
    sqlite3_stmt* insert = nullptr;
    const std::string sql = "INSERT INTO logs VALUES (" + marks + ")";
    const int prepared = sqlite3_prepare_v2(base, sql.c_str(), -1, &insert, nullptr);
    table.insert_.reset(insert);
    if (prepared != SQLITE_OK) return table.failure("write");
    return table;
}

void LogTable::bind_side(int at, std::optional<std::string_view> address) {
    const auto parts = address ? accesslog::split_address(*address) : std::nullopt;
    bind(insert_.get(), at, parts ? std::optional(parts->address) : std::nullopt, false);
    bind(insert_.get(), at + 1, parts ? std::optional(parts->port) : std::nullopt, true);
}

Result<void> LogTable::add(const Entry& entry) {
    int at = 1;
    for (const accesslog::FieldInfo& field : kFields)
        bind(insert_.get(), at++, entry[field.field], is_number(field.kind));
    const bool has_extra = !entry.extra.empty() && entry.extra != accesslog::kAbsent;
    bind(insert_.get(), at++, has_extra ? std::optional(entry.extra) : std::nullopt, false);
    bind_side(at, entry[Field::Client]);
    bind_side(at + 2, entry[Field::Destination]);
    if (sqlite3_step(insert_.get()) != SQLITE_DONE) return failure("write");
    sqlite3_reset(insert_.get());
    return {};
}

Result<void> LogTable::finish() {
    return run("COMMIT");
}

} // namespace nlb::store
