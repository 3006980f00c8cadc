// SPDX-License-Identifier: Apache-2.0
// From words to expressions, with their kinds checked.
#pragma once

#include "query/query.hpp"
#include "query/token.hpp"

#include <map>
#include <optional>

namespace nlb::query {

/// Reads one clause. What it makes is checked, except whether columns stand inside of groups.
class Parser {
  public:
    /// `aggregates`: where those that occur are collected; null when none may occur.
    /// `aliases`: names of select that may be used, or null.
    Parser(std::vector<Token> tokens, std::string_view source, std::vector<Aggregate>* aggregates,
           const std::map<std::string, Expression>* aliases)
        : tokens_(std::move(tokens)), source_(source), aggregates_(aggregates), aliases_(aliases) {}

    /// One expression. Errors: Usage.
    Result<Expression> expression();

    /// The condition of a clause that is nothing else. Errors: Usage.
    Result<Expression> condition();

    /// Takes the word or symbol if it is the next one; words in any case.
    bool take(std::string_view text);

    [[nodiscard]] bool at_end() const { return peek().type == Token::Type::End; }

    [[nodiscard]] const Token& peek() const { return tokens_[at_]; }

    Token next() { return at_end() ? tokens_[at_] : tokens_[at_++]; }

    /// "expected X at 'y'"
    [[nodiscard]] tl::unexpected<Error> expected(std::string_view what) const;

  private:
    Result<Expression> disjunction();
    Result<Expression> conjunction();
    Result<Expression> negation();
    Result<Expression> predicate();
    std::optional<Op> take_comparison();
    Result<Expression> predicate_on(Expression left);
    Result<Expression> null_test(Expression left);
    Result<Expression> set_test(Expression left, bool is_not);
    Result<Expression> sum();
    Result<Expression> product();
    Result<Expression> primary();
    Result<Expression> name(const Token& token);
    Result<Expression> call(const Token& token);
    Result<Expression> aggregate(const Token& token);
    Result<std::optional<Expression>> argument(Aggregate& wanted);
    Expression collected(Aggregate wanted, std::string spelling);
    Result<Expression> list_for(Expression left);
    Result<Expression> between(Expression left);
    Result<Expression> pattern_for(Expression left, bool is_like);
    Result<Expression> bucket();
    Result<Expression> steps();

    std::vector<Token> tokens_;
    std::string_view source_;
    std::vector<Aggregate>* aggregates_;
    const std::map<std::string, Expression>* aliases_;
    std::size_t at_ = 0;
    int depth_ = 0;
};

bool same(const Expression& a, const Expression& b);

/// Seconds since 1970 of a time or day: "2026-05-01", "2026-05-01T10:00", "2026-05-01 10:00:00Z".
std::optional<std::int64_t> parse_moment(std::string text);

/// ASCII letters in lower case.
std::string lower(std::string_view text);

/// left OP right with constants brought to the other side's kind. Errors: Usage when the kinds
/// cannot be compared or calculated with.
Result<Expression> comparison(Op op, Expression left, Expression right);
Result<Expression> calculation(Op op, Expression left, Expression right);

/// Whether `op` of `members` holds; blocks of addresses are told apart. Errors: Usage.
Result<Expression> membership(Expression left, std::vector<Expression> members);

Expression constant_text(std::string text);

} // namespace nlb::query
