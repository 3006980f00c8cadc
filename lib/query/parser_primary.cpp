// SPDX-License-Identifier: Apache-2.0
// The smallest parts of expressions: names, constants, calls.
#include "query/parser.hpp"

#include "accesslog/tls_version.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <charconv>

namespace nlb::query {

namespace {

/// The percentage of "p99" or "p99.9".
std::optional<double> percent_of(std::string_view word) {
    if (!word.starts_with('p') || word.size() < 2) return std::nullopt;
    double percent = 0;
    std::string digits(word.substr(1));
    std::replace(digits.begin(), digits.end(), '_', '.'); // a name has no stop: p99_9
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), percent);
    if (error != std::errc() || stop != digits.data() + digits.size() || percent > 100)
        return std::nullopt;
    return percent;
}

struct Function {
    Aggregate::Op op;
    double percent = 0;
};

std::optional<Function> function_of(const std::string& word) {
    using Op = Aggregate::Op;
    if (word == "count") return Function{Op::Count};
    if (word == "sum") return Function{Op::Sum};
    if (word == "avg") return Function{Op::Average};
    if (word == "min") return Function{Op::Least};
    if (word == "max") return Function{Op::Most};
    if (word == "distinct") return Function{Op::Distinct};
    if (const auto percent = percent_of(word)) return Function{Op::Percentile, *percent};
    return std::nullopt;
}

Result<Kind> result_kind(Aggregate::Op op, const Expression& argument) {
    using enum Aggregate::Op;
    if (op == Count || op == Distinct) return Kind::Integer;
    if (op == Least || op == Most) return argument.kind;
    // Reals are refused: their sum would depend on the order in which threads add.
    if (!is_quantity(argument.kind) || argument.kind == Kind::Real)
        return fail(Errc::Usage, "sum, avg and percentiles are of whole numbers; " +
                                     in_quotes(argument.spelling) + " is " +
                                     std::string(to_text(argument.kind)));
    return op == Average ? Kind::Real : argument.kind;
}

/// What was meant: a slip of the fingers, or a part of a name.
std::optional<std::string_view> meant(const std::string& name,
                                      std::span<const std::string_view> known) {
    if (const auto near = nearest(name, known)) return near;
    constexpr std::size_t kShortest = 3;
    const auto holds = [&](std::string_view one) { return one.find(name) != one.npos; };
    const auto found = std::find_if(known.begin(), known.end(), holds);
    if (name.size() < kShortest || found == known.end()) return std::nullopt;
    return *found;
}

tl::unexpected<Error> unknown_name(const std::string& name,
                                   const std::map<std::string, Expression>* aliases) {
    std::vector<std::string_view> known(column_names().begin(), column_names().end());
    if (aliases != nullptr) {
        for (const auto& [alias, expression] : *aliases)
            known.push_back(alias);
        known.push_back("count");
    }
    const auto near = meant(name, known);
    return fail(Errc::Usage, "there is no field " + in_quotes(name) +
                                 (near ? " (did you mean " + in_quotes(*near) + "?)" : ""));
}

} // namespace

Result<Expression> Parser::primary() {
    const Token token = next();
    switch (token.type) {
    case Token::Type::Text: return constant_text(token.text);
    case Token::Type::Quoted:
        return find_column(token.text) ? name(token) : constant_text(token.text);
    case Token::Type::Word: return name(token);
    case Token::Type::Number: {
        Expression e;
        e.kind = token.kind;
        e.constant = token.value;
        e.spelling = token.text;
        return e;
    }
    case Token::Type::Symbol: break;
    case Token::Type::End: return expected("a field or a value");
    }
    if (token.text == "-" && peek().type == Token::Type::Number) {
        auto e = primary();
        if (!e) return e;
        e->constant.integer = -e->constant.integer;
        e->constant.real = -e->constant.real;
        e->spelling.insert(0, "-");
        return e;
    }
    --at_;
    if (token.text != "(") return expected("a field or a value");
    ++at_;
    auto e = expression();
    if (e && !take(")")) return expected("')'");
    return e;
}

Result<Expression> Parser::name(const Token& token) {
    const std::string word = token.type == Token::Type::Word ? lower(token.text) : token.text;
    if (token.type == Token::Type::Word && peek().text == "(" && peek().type == Token::Type::Symbol)
        return call(token);
    if (aliases_ != nullptr) {
        if (const auto found = aliases_->find(token.text); found != aliases_->end())
            return found->second;
    }
    Expression e;
    e.spelling = token.text;
    if (const auto column = find_column(word)) {
        e.op = Op::Column;
        e.column = *column;
        e.kind = kind_of(*column);
        e.spelling = name_of(*column);
        return e;
    }
    if (word == "null") return e;
    if (word == "true" || word == "false") {
        e.kind = Kind::Boolean;
        e.constant = Value::of_bool(word == "true");
        return e;
    }
    if (accesslog::parse_tls_version(word)) return constant_text(word);
    if (word == "count" && aggregates_ != nullptr) return aggregate(token);
    return unknown_name(token.text, aliases_);
}

Result<Expression> Parser::call(const Token& token) {
    const std::string word = lower(token.text);
    if (word == "time") return bucket();
    if (word == "steps") return steps();
    if (!function_of(word))
        return fail(Errc::Usage,
                    "there is no function " + in_quotes(token.text) +
                        "; there are time, steps, count, sum, avg, min, max, p50 and the "
                        "like, and distinct");
    if (aggregates_ == nullptr)
        return fail(Errc::Usage, in_quotes(token.text) + " is of groups and cannot stand here");
    return aggregate(token);
}

/// What stands in the parentheses of an aggregate; nothing for "*" and for none of count.
Result<std::optional<Expression>> Parser::argument(Aggregate& wanted) {
    using enum Aggregate::Op;
    const bool is_count = wanted.op == Count;
    if (is_count && take("distinct")) wanted.op = Distinct;
    std::optional<Expression> argument;
    const bool has_none = wanted.op == Count && (take("*") || peek().text == ")");
    if (!has_none) {
        std::vector<Aggregate>* const outer = std::exchange(aggregates_, nullptr);
        auto inner = expression();
        aggregates_ = outer;
        if (!inner) return tl::unexpected<Error>(inner.error());
        argument = std::move(*inner);
    }
    if (!take(")")) return expected("')'");
    return argument;
}

Result<Expression> Parser::aggregate(const Token& token) {
    std::string spelling = lower(token.text);
    const Function function = *function_of(spelling);
    Aggregate wanted{.op = function.op, .percent = function.percent, .argument = {}};
    if (take("(")) {
        auto inner = argument(wanted);
        if (!inner) return tl::unexpected<Error>(inner.error());
        wanted.argument = std::move(*inner);
    }
    if (wanted.argument) {
        auto kind = result_kind(wanted.op, *wanted.argument);
        if (!kind) return tl::unexpected<Error>(kind.error());
        wanted.kind = *kind;
        if (wanted.op == Aggregate::Op::Distinct) spelling = "distinct";
        spelling += "(" + wanted.argument->spelling + ")";
    }
    return collected(std::move(wanted), std::move(spelling));
}

/// One aggregate is computed once, however often it is named.
Expression Parser::collected(Aggregate wanted, std::string spelling) {
    const auto is_wanted = [&](const Aggregate& a) {
        return a.op == wanted.op && a.percent == wanted.percent &&
               a.argument.has_value() == wanted.argument.has_value() &&
               (!a.argument || same(*a.argument, *wanted.argument));
    };
    const auto found = std::find_if(aggregates_->begin(), aggregates_->end(), is_wanted);
    Expression e;
    e.op = Op::Aggregate;
    e.kind = wanted.kind;
    e.index = static_cast<std::size_t>(found - aggregates_->begin());
    e.spelling = std::move(spelling);
    if (found == aggregates_->end()) aggregates_->push_back(std::move(wanted));
    return e;
}

/// steps(f): classes for a histogram.
Result<Expression> Parser::steps() {
    take("(");
    auto of = expression();
    if (!of) return of;
    if (!take(")")) return expected("')'");
    if (!is_quantity(of->kind) || of->kind == Kind::Real)
        return fail(Errc::Usage, "steps are of whole numbers; " + in_quotes(of->spelling) + " is " +
                                     std::string(to_text(of->kind)));
    Expression e;
    e.op = Op::Steps;
    e.kind = of->kind;
    e.spelling = "steps(" + of->spelling + ")";
    e.args.push_back(std::move(*of));
    return e;
}

/// time(5m): the begin of the five minutes.
Result<Expression> Parser::bucket() {
    take("(");
    const Token width = next();
    constexpr std::int64_t kSecond = 1000;
    if (width.type != Token::Type::Number || width.kind != Kind::Milliseconds ||
        width.value.integer < kSecond || width.value.integer % kSecond != 0) {
        --at_;
        return expected("whole seconds, such as 30s, 5m or 1h,");
    }
    if (!take(")")) return expected("')'");
    Expression time;
    time.op = Op::Column;
    time.kind = Kind::Time;
    time.column = column_of(accesslog::Field::Time);
    time.spelling = "time";
    Expression e;
    e.op = Op::Bucket;
    e.kind = Kind::Time;
    e.index = static_cast<std::size_t>(width.value.integer / kSecond);
    e.args.push_back(std::move(time));
    e.spelling = "time(" + width.text + ")";
    return e;
}

} // namespace nlb::query
