// SPDX-License-Identifier: Apache-2.0
// A question to access logs, ready to be asked: what options or one string of SQL come to.
#pragma once

#include "query/expression.hpp"

#include <optional>
#include <string>
#include <vector>

namespace nlb::query {

struct Aggregate {
    enum class Op : std::uint8_t { Count, Sum, Average, Least, Most, Percentile, Distinct };

    Op op = Op::Count;
    double percent = 0;                   ///< of Percentile: 0 to 100
    std::optional<Expression> argument{}; ///< none: count of entries
    Kind kind = Kind::Integer;            ///< of the result
};

struct Order {
    Expression by;
    bool descending = false;
};

struct Query {
    std::vector<Expression> select; ///< over entries; over groups when grouped
    std::vector<std::string> names; ///< of select
    std::optional<Expression> where;
    std::vector<Expression> keys; ///< of groups
    std::vector<Aggregate> aggregates;
    std::optional<Expression> having; ///< over groups
    std::vector<Order> order;         ///< over what select is over
    std::optional<std::uint64_t> limit;
    bool later_first = false; ///< of entries that order leaves equal
    bool grouped = false;     ///< without keys: one group of everything
};

/// The clauses as options give them; an empty one was not given.
struct Clauses {
    std::string select{};
    std::string where{};
    std::string group_by{};
    std::string aggregates{}; ///< columns behind the keys; with group_by or alone
    std::string having{};
    std::string order_by{};
    std::optional<std::uint64_t> limit{};
};

/// Errors: Usage, with the clause, the word it happened at and what is possible there.
Result<Query> plan(const Clauses& clauses);

/// Only entries that ended from `since` on and before `until`, in seconds since 1970.
void restrict_to(Query& query, std::optional<std::int64_t> since,
                 std::optional<std::int64_t> until);

/// "select ... from logs [where ...] [group by ...] [having ...] [order by ...] [limit N]".
/// Errors: as plan.
Result<Clauses> split_sql(std::string_view sql);

} // namespace nlb::query
