// SPDX-License-Identifier: Apache-2.0
// nlb-logs query and sql: one question in options, or in a string of SQL.
#include "commands.hpp"
#include "reading.hpp"

#include <limits>
#include <memory>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

struct Question {
    Reading reading;
    query::Clauses clauses;
    std::uint64_t limit = kNoLimit;
    std::string sql;
};

} // namespace

app::Command query_command() {
    return {"query", "Select, filter, group and order entries", [](app::Options& declare) {
                auto q = std::make_shared<Question>();
                declare_reading(declare, q->reading);
                declare_formats(declare, q->reading);
                declare_follow(declare, q->reading);
                declare.flag("--raw", q->reading.raw, "The lines as they stand in the files");
                declare.text("--select", q->clauses.select, {"LIST"},
                             "Columns: fields, expressions, * (default)");
                declare.text("--where", q->clauses.where, {"CONDITION"}, "Only these entries");
                declare.text("--group-by", q->clauses.group_by, {"LIST"},
                             "One row a group: fields, time(5m)");
                declare.text("--agg", q->clauses.aggregates, {"LIST"},
                             "What to compute of groups: count, sum(f), avg, min, max, p99, "
                             "distinct");
                declare.text("--having", q->clauses.having, {"CONDITION"}, "Only these groups");
                declare.text("--order-by", q->clauses.order_by, {"LIST"},
                             "Order of rows; desc behind a column turns it round");
                declare.number("--limit", q->limit, {0, kNoLimit}, {"N"}, "At most so many rows");
                return [q](app::Context& context) {
                    if (q->limit != kNoLimit) q->clauses.limit = q->limit;
                    return answer(context, q->reading, q->clauses);
                };
            }};
}

app::Command sql_command() {
    return {"sql", "The same in a string of SQL", [](app::Options& declare) {
                auto q = std::make_shared<Question>();
                declare.text("SQL", q->sql, {"", true}, "select ... from logs ...");
                declare_reading(declare, q->reading);
                declare_formats(declare, q->reading);
                declare.flag("--raw", q->reading.raw, "The lines as they stand in the files");
                return [q](app::Context& context) -> Result<int> {
                    const auto clauses = query::split_sql(q->sql);
                    if (!clauses) return tl::unexpected<Error>(clauses.error());
                    return answer(context, q->reading, *clauses);
                };
            }};
}
