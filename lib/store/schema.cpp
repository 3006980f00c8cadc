// SPDX-License-Identifier: Apache-2.0
#include "store/schema.hpp"

#include "accesslog/fields.hpp"

#include <string_view>

namespace nlb::store {

namespace {

using accesslog::FieldInfo;
using accesslog::is_number;
using accesslog::kFields;
using accesslog::Kind;

std::string quoted(std::string_view name, char quote) {
    return quote + std::string(name) + quote;
}

/// "NAME TYPE" of every field, and of what follows the last known one.
template <class Type>
std::string columns(char quote, Type type, std::string_view extra) {
    std::string text;
    for (const FieldInfo& field : kFields)
        text += "    " + quoted(field.name, quote) + ' ' + std::string(type(field)) + ",\n";
    return text + "    " + quoted("extra", quote) + ' ' + std::string(extra);
}

std::string sqlite() {
    const auto type = [](const FieldInfo& f) { return is_number(f.kind) ? "INTEGER" : "TEXT"; };
    return "-- nlb-logs convert --to sqlite FILES --output logs.db makes and fills it.\n"
           "CREATE TABLE logs (\n" +
           columns('"', type, "TEXT") +
           ",\n    \"client_ip\" TEXT,\n    \"client_port\" INTEGER,\n"
           "    \"destination_ip\" TEXT,\n    \"destination_port\" INTEGER\n);\n";
}

std::string duckdb() {
    const auto type = [](const FieldInfo& f) {
        if (f.kind == Kind::Time) return "TIMESTAMP";
        return is_number(f.kind) ? "BIGINT" : "VARCHAR";
    };
    return "-- nlb-logs convert --to csv FILES --output logs.csv; then COPY logs FROM 'logs.csv' "
           "(HEADER);\n"
           "CREATE TABLE logs (\n" +
           columns('"', type, "VARCHAR") + "\n);\n";
}

std::string clickhouse() {
    const auto type = [](const FieldInfo& f) {
        if (f.field == accesslog::Field::Time) return "DateTime('UTC')";
        if (f.kind == Kind::Time) return "Nullable(DateTime('UTC'))";
        return is_number(f.kind) ? "Nullable(Int64)" : "Nullable(String)";
    };
    return "-- nlb-logs convert --to ndjson FILES | clickhouse-client \\\n"
           "--     --date_time_input_format best_effort --query 'INSERT INTO logs FORMAT "
           "JSONEachRow'\n"
           "CREATE TABLE logs (\n" +
           columns('`', type, "Nullable(String)") + "\n) ENGINE = MergeTree ORDER BY `time`;\n";
}

bool is_address(const FieldInfo& field) {
    return field.kind == Kind::Address;
}

/// "client" of "client:port".
std::string side(const FieldInfo& field) {
    return std::string(field.name.substr(0, field.name.find(':')));
}

/// One group a column; what later versions added may be absent, and more may follow.
std::string athena_pattern() {
    constexpr std::string_view kList = "(\"[^\" ]*\"?(?:, *\"[^\" ]*\"?)*,?|[^ ]+)";
    std::string text;
    std::string ends;
    std::size_t lines = accesslog::kFewestFields;
    for (const FieldInfo& field : kFields) {
        if (field.lines > lines) {
            text += "(?:";
            ends += ")?";
            lines = field.lines;
        }
        if (!text.empty()) text += ' ';
        if (is_address(field))
            text += "([^ ]+):([0-9]+)";
        else
            text += field.kind == Kind::AlpnList ? kList : "([^ ]+)";
    }
    return text + "(?: (.*))?" + ends;
}

std::string athena() {
    std::string text =
        "-- It reads the files as they are. Times are text: from_iso8601_timestamp(time).\n"
        "CREATE EXTERNAL TABLE logs (\n";
    for (const FieldInfo& field : kFields) {
        if (is_address(field))
            text += "    `" + side(field) + "_ip` string,\n    `" + side(field) + "_port` int,\n";
        else
            text += "    `" + std::string(field.name) +
                    (is_number(field.kind) ? "` bigint,\n" : "` string,\n");
    }
    return text +
           "    `extra` string\n)\nROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe'\n"
           "WITH SERDEPROPERTIES ('input.regex' = '" +
           athena_pattern() +
           "')\nLOCATION 's3://BUCKET/PREFIX/AWSLogs/ACCOUNT/elasticloadbalancing/REGION/';\n";
}

} // namespace

std::string schema(Engine engine) {
    switch (engine) {
    case Engine::Athena: return athena();
    case Engine::ClickHouse: return clickhouse();
    case Engine::DuckDb: return duckdb();
    case Engine::Sqlite: break;
    }
    return sqlite();
}

} // namespace nlb::store
