// SPDX-License-Identifier: Apache-2.0
#include "query/expression.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace nlb::query {

bool Expression::names_column() const {
    return op == Op::Column ||
           std::any_of(args.begin(), args.end(), [](const auto& a) { return a.names_column(); });
}

std::size_t Expression::size() const {
    return std::accumulate(args.begin(), args.end(), std::size_t{1},
                           [](std::size_t sum, const auto& a) { return sum + a.size(); });
}

namespace {

Value both(const Expression& e, const Scope& scope, bool decides) {
    // One false decides an "and", one true an "or"; null stays when nothing decides.
    const Value a = evaluate(e.args[0], scope);
    if (!a.is_null() && a.is_true() == decides) return Value::of_bool(decides);
    const Value b = evaluate(e.args[1], scope);
    if (!b.is_null() && b.is_true() == decides) return Value::of_bool(decides);
    return a.is_null() || b.is_null() ? Value{} : Value::of_bool(!decides);
}

Value compared(const Expression& e, const Scope& scope) {
    const Value a = evaluate(e.args[0], scope);
    const Value b = evaluate(e.args[1], scope);
    if (a.is_null() || b.is_null()) return {};
    const int order = compare(a, b);
    switch (e.op) {
    case Op::Equal: return Value::of_bool(order == 0);
    case Op::NotEqual: return Value::of_bool(order != 0);
    case Op::Less: return Value::of_bool(order < 0);
    case Op::LessEqual: return Value::of_bool(order <= 0);
    case Op::Greater: return Value::of_bool(order > 0);
    default: return Value::of_bool(order >= 0);
    }
}

/// Integers while they fit, reals then.
Value integers(Op op, std::int64_t a, std::int64_t b) {
    std::int64_t result = 0;
    const bool overflow = op == Op::Add        ? __builtin_add_overflow(a, b, &result)
                          : op == Op::Subtract ? __builtin_sub_overflow(a, b, &result)
                                               : __builtin_mul_overflow(a, b, &result);
    if (!overflow) return Value::of(result);
    const auto x = static_cast<double>(a);
    const auto y = static_cast<double>(b);
    return Value::of_real(op == Op::Add ? x + y : op == Op::Subtract ? x - y : x * y);
}

double reals(Op op, double a, double b) {
    switch (op) {
    case Op::Add: return a + b;
    case Op::Subtract: return a - b;
    case Op::Multiply: return a * b;
    default: return a / b;
    }
}

Value calculated(const Expression& e, const Scope& scope) {
    const Value a = evaluate(e.args[0], scope);
    const Value b = evaluate(e.args[1], scope);
    if (a.is_null() || b.is_null()) return {};
    if (e.op != Op::Divide && a.type == Value::Type::Integer && b.type == Value::Type::Integer)
        return integers(e.op, a.integer, b.integer);
    const double result = reals(e.op, a.number(), b.number());
    // What is not finite, as after a division by 0, has no order and no text.
    return std::isfinite(result) ? Value::of_real(result) : Value{};
}

Value in_list(const Expression& e, const Scope& scope, const Value& value) {
    bool has_null = false;
    for (std::size_t i = 1; i < e.args.size(); ++i) {
        const Value other = evaluate(e.args[i], scope);
        has_null |= other.is_null();
        if (!other.is_null() && compare(value, other) == 0) return Value::of_bool(true);
    }
    return has_null ? Value{} : Value::of_bool(false);
}

Value member(const Expression& e, const Scope& scope) {
    const Value value = evaluate(e.args[0], scope);
    if (value.is_null()) return {};
    if (e.op == Op::InBlocks) {
        const auto address = IpAddress::parse(value.text);
        const auto holds = [&](const Cidr& block) { return block.contains(*address); };
        if (address && std::any_of(e.blocks.begin(), e.blocks.end(), holds))
            return Value::of_bool(true);
    }
    return in_list(e, scope, value);
}

Value matched(const Expression& e, const Scope& scope) {
    const Value value = evaluate(e.args[0], scope);
    if (value.is_null()) return {};
    return Value::of_bool(RE2::PartialMatch({value.text.data(), value.text.size()}, *e.pattern));
}

Value rounded(const Expression& e, const Scope& scope) {
    const Value time = evaluate(e.args[0], scope);
    if (time.is_null()) return {};
    const auto width = static_cast<std::int64_t>(e.index);
    const std::int64_t rest = ((time.integer % width) + width) % width;
    return Value::of(time.integer - rest);
}

Value stepped(const Expression& e, const Scope& scope) {
    const Value value = evaluate(e.args[0], scope);
    if (value.is_null()) return value;
    const std::int64_t number = value.whole();
    if (number < 1) return Value::of(0);
    std::int64_t step = 1;
    constexpr std::int64_t kMost = 1'000'000'000'000'000'000; // its fivefold fits, its tenfold not
    while (step < kMost && step * 10 <= number)
        step *= 10;
    if (number / 5 >= step) return Value::of(step * 5);
    return Value::of(number / 2 >= step ? step * 2 : step);
}

} // namespace

Value evaluate(const Expression& e, const Scope& scope) {
    switch (e.op) {
    case Op::Constant: return e.constant;
    case Op::Column: return scope.row->value(e.column);
    case Op::Key: return scope.keys[e.index];
    case Op::Aggregate: return scope.aggregates[e.index];
    case Op::And: return both(e, scope, false);
    case Op::Or: return both(e, scope, true);
    case Op::Not: {
        const Value a = evaluate(e.args[0], scope);
        return a.is_null() ? a : Value::of_bool(!a.is_true());
    }
    case Op::Add:
    case Op::Subtract:
    case Op::Multiply:
    case Op::Divide: return calculated(e, scope);
    case Op::In:
    case Op::InBlocks: return member(e, scope);
    case Op::Match: return matched(e, scope);
    case Op::IsNull: return Value::of_bool(evaluate(e.args[0], scope).is_null());
    case Op::Bucket: return rounded(e, scope);
    case Op::Steps: return stepped(e, scope);
    default: return compared(e, scope);
    }
}

} // namespace nlb::query
