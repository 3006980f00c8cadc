// SPDX-License-Identifier: Apache-2.0
// The expression language of nlb-logs: what --where, --having, --select and SQL compute. An
// expression is a tree made by the parser; evaluating it changes nothing, so that threads share it.
// Conditions have three values as in SQL: what is compared with null is null, which is not true.
#pragma once

#include "query/row.hpp"
#include "query/value.hpp"

#include "base/ip.hpp"

#include <memory>
#include <string>
#include <vector>

namespace re2 { // NOLINT(readability-identifier-naming): the library's own name
class RE2;
}

namespace nlb::query {

enum class Op : std::uint8_t {
    Constant,
    Column,    ///< of an entry
    Key,       ///< of a group: number `index` of --group-by
    Aggregate, ///< of a group: number `index`
    And,
    Or,
    Not,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    Divide,   ///< always a real; null when the divisor is 0
    In,       ///< args[0] is one of the others
    InBlocks, ///< args[0], an address, lies in one of `blocks`, or is one of the other args
    Match,    ///< args[0] holds a match of `pattern`
    IsNull,
    Steps,  ///< args[0], a number, rounded down to 0, 1, 2, 5, 10, 20, 50 and so on
    Bucket, ///< args[0], a time, rounded down to whole `index` seconds
};

struct Expression {
    Op op = Op::Constant;
    Kind kind = Kind::Text;
    std::vector<Expression> args;
    Value constant;
    std::shared_ptr<const std::string> owned; ///< the text of `constant`
    Column column{};
    std::size_t index = 0;
    std::vector<Cidr> blocks;
    std::shared_ptr<const re2::RE2> pattern;
    std::string spelling; ///< as it was written: the name of its column

    /// Whether an entry's column is in it.
    [[nodiscard]] bool names_column() const;

    /// It and all below it.
    [[nodiscard]] std::size_t size() const;
};

/// What the leaves of an expression stand for; only those that occur need to be there.
struct Scope {
    Row* row = nullptr;
    const Value* keys = nullptr;
    const Value* aggregates = nullptr;
};

Value evaluate(const Expression& expression, const Scope& scope);

} // namespace nlb::query
