// SPDX-License-Identifier: Apache-2.0
#include "query/parser.hpp"

#include "base/text.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>

namespace nlb::query {

namespace {

constexpr int kDeepest = 100;               ///< nested parentheses and "not"s
constexpr std::size_t kLargestTwice = 1000; ///< parts of what is computed twice

Expression with_spelling(Expression e, std::string_view source, std::size_t begin,
                         std::size_t end) {
    e.spelling = source.substr(begin, end - begin);
    return e;
}

Expression unary(Op op, Kind kind, Expression inner) {
    Expression e;
    e.op = op;
    e.kind = kind;
    e.args.push_back(std::move(inner));
    return e;
}

Expression logical(Op op, Expression left, Expression right) {
    Expression e = unary(op, Kind::Boolean, std::move(left));
    e.args.push_back(std::move(right));
    return e;
}

tl::unexpected<Error> no_condition(const Expression& e) {
    return fail(Errc::Usage, in_quotes(e.spelling) + " is " + std::string(to_text(e.kind)) +
                                 ", where a condition is needed");
}

/// LIKE's % and _ as a regular expression of the whole text.
std::string like_pattern(std::string_view text) {
    std::string pattern = "(?s)^";
    for (const char c : text) {
        if (c == '%')
            pattern += ".*";
        else if (c == '_')
            pattern += '.';
        else
            pattern += RE2::QuoteMeta({&c, 1});
    }
    return pattern + '$';
}

} // namespace

tl::unexpected<Error> Parser::expected(std::string_view what) const {
    const std::string at = at_end() ? "the end" : in_quotes(source_.substr(peek().begin));
    return fail(Errc::Usage, "expected " + std::string(what) + " at " + at);
}

bool Parser::take(std::string_view text) {
    const bool is_word = peek().type == Token::Type::Word;
    if (!is_word && peek().type != Token::Type::Symbol) return false;
    if ((is_word ? lower(peek().text) : peek().text) != text) return false;
    ++at_;
    return true;
}

Result<Expression> Parser::expression() {
    if (++depth_ > kDeepest) return fail(Errc::Usage, "an expression nested too deeply");
    const std::size_t begin = peek().begin;
    auto e = disjunction();
    --depth_;
    if (!e) return e;
    return with_spelling(std::move(*e), source_, begin, tokens_[at_ == 0 ? 0 : at_ - 1].end);
}

Result<Expression> Parser::condition() {
    auto e = expression();
    if (!e) return e;
    if (!at_end()) return expected("'and', 'or' or the end");
    if (e->kind != Kind::Boolean) return no_condition(*e);
    return e;
}

Result<Expression> Parser::disjunction() {
    auto left = conjunction();
    while (left && take("or")) {
        auto right = conjunction();
        if (!right) return right;
        for (const Expression* e : {&*left, &*right}) {
            if (e->kind != Kind::Boolean) return no_condition(*e);
        }
        left = logical(Op::Or, std::move(*left), std::move(*right));
    }
    return left;
}

Result<Expression> Parser::conjunction() {
    auto left = negation();
    while (left && take("and")) {
        auto right = negation();
        if (!right) return right;
        for (const Expression* e : {&*left, &*right}) {
            if (e->kind != Kind::Boolean) return no_condition(*e);
        }
        left = logical(Op::And, std::move(*left), std::move(*right));
    }
    return left;
}

Result<Expression> Parser::negation() {
    if (!take("not")) return predicate();
    if (++depth_ > kDeepest) return fail(Errc::Usage, "an expression nested too deeply");
    auto inner = negation();
    --depth_;
    if (!inner) return inner;
    if (inner->kind != Kind::Boolean) return no_condition(*inner);
    return unary(Op::Not, Kind::Boolean, std::move(*inner));
}

Result<Expression> Parser::predicate() {
    auto left = sum();
    if (!left) return left;
    return predicate_on(std::move(*left));
}

std::optional<Op> Parser::take_comparison() {
    constexpr auto kComparisons =
        std::to_array<std::pair<std::string_view, Op>>({{"=", Op::Equal},
                                                        {"!=", Op::NotEqual},
                                                        {"<", Op::Less},
                                                        {"<=", Op::LessEqual},
                                                        {">", Op::Greater},
                                                        {">=", Op::GreaterEqual}});
    for (const auto& [symbol, op] : kComparisons) {
        if (take(symbol)) return op;
    }
    return std::nullopt;
}

Result<Expression> Parser::predicate_on(Expression left) {
    if (const auto op = take_comparison()) {
        auto right = sum();
        if (!right) return right;
        return comparison(*op, std::move(left), std::move(*right));
    }
    if (take("is")) return null_test(std::move(left));
    if (take("=~")) return pattern_for(std::move(left), false);
    const bool negated_match = take("!~");
    const bool is_not = negated_match || take("not");
    auto e =
        negated_match ? pattern_for(std::move(left), false) : set_test(std::move(left), is_not);
    if (!e || !is_not) return e;
    return unary(Op::Not, Kind::Boolean, std::move(*e));
}

Result<Expression> Parser::null_test(Expression left) {
    const bool is_not = take("not");
    if (!take("null")) return expected("'null'");
    Expression e = unary(Op::IsNull, Kind::Boolean, std::move(left));
    return is_not ? unary(Op::Not, Kind::Boolean, std::move(e)) : e;
}

/// in, like, between; without one `left` itself, unless "not" came before.
Result<Expression> Parser::set_test(Expression left, bool is_not) {
    if (take("in")) return list_for(std::move(left));
    if (take("like")) return pattern_for(std::move(left), true);
    if (take("between")) return between(std::move(left));
    if (is_not) return expected("'in', 'like' or 'between'");
    return left;
}

Result<Expression> Parser::between(Expression left) {
    auto least = sum();
    if (!least) return least;
    if (!take("and")) return expected("'and'");
    auto most = sum();
    if (!most) return most;
    if (left.size() > kLargestTwice)
        return fail(Errc::Usage, "too much stands before 'between'"); // where it counts twice
    auto from = comparison(Op::GreaterEqual, left, std::move(*least));
    auto to = comparison(Op::LessEqual, std::move(left), std::move(*most));
    if (!from || !to) return from ? to : from;
    return logical(Op::And, std::move(*from), std::move(*to));
}

Result<Expression> Parser::list_for(Expression left) {
    std::vector<Expression> members;
    const bool has_parentheses = take("(");
    do {
        auto member = sum();
        if (!member) return member;
        members.push_back(std::move(*member));
    } while (has_parentheses && take(","));
    if (has_parentheses && !take(")")) return expected("',' or ')'");
    return membership(std::move(left), std::move(members));
}

Result<Expression> Parser::pattern_for(Expression left, bool is_like) {
    const Token token = next();
    if (token.type != Token::Type::Text && token.type != Token::Type::Quoted) {
        --at_;
        return expected("a pattern in quotes");
    }
    if (left.kind != Kind::Text)
        return fail(Errc::Usage, "only text is matched with patterns; " + in_quotes(left.spelling) +
                                     " is " + std::string(to_text(left.kind)));
    RE2::Options options(RE2::Latin1);
    options.set_log_errors(false);
    const std::string text = is_like ? like_pattern(token.text) : token.text;
    auto pattern = std::make_shared<const RE2>(text, options);
    if (!pattern->ok())
        return fail(Errc::Usage, "pattern " + in_quotes(token.text) + ": " + pattern->error());
    Expression e = unary(Op::Match, Kind::Boolean, std::move(left));
    e.pattern = std::move(pattern);
    return e;
}

Result<Expression> Parser::sum() {
    const std::size_t begin = peek().begin;
    auto left = product();
    for (;;) {
        const bool plus = left && take("+");
        if (!plus && !(left && take("-"))) return left;
        auto right = product();
        if (!right) return right;
        left = calculation(plus ? Op::Add : Op::Subtract, std::move(*left), std::move(*right));
        if (left) left->spelling = source_.substr(begin, tokens_[at_ - 1].end - begin);
    }
}

Result<Expression> Parser::product() {
    const std::size_t begin = peek().begin;
    auto left = primary();
    for (;;) {
        const bool times = left && take("*");
        if (!times && !(left && take("/"))) return left;
        auto right = primary();
        if (!right) return right;
        left = calculation(times ? Op::Multiply : Op::Divide, std::move(*left), std::move(*right));
        if (left) left->spelling = source_.substr(begin, tokens_[at_ - 1].end - begin);
    }
}

} // namespace nlb::query
