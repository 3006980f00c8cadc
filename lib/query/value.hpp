// SPDX-License-Identifier: Apache-2.0
// What an expression yields for one entry: nothing (null), or a value of a kind.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nlb::query {

/// What a value means; it rules comparison and printing.
enum class Kind : std::uint8_t {
    Text,
    Boolean,
    Integer,
    Milliseconds, ///< integer; printed as one
    Bytes,        ///< integer; printed as one
    Real,
    Time,       ///< integer, seconds since 1970; printed as 2018-12-20T02:59:40
    TlsVersion, ///< integer, 12 is TLS 1.2; printed as tlsv12
};

constexpr bool is_integer(Kind kind) {
    return kind != Kind::Text && kind != Kind::Real;
}

constexpr bool is_quantity(Kind kind) {
    return kind == Kind::Integer || kind == Kind::Milliseconds || kind == Kind::Bytes ||
           kind == Kind::Real;
}

/// "a time"
std::string_view to_text(Kind kind);

/// A value without its kind, which the expression knows. Text is not owned.
struct Value {
    enum class Type : std::uint8_t { Null, Integer, Real, Text };

    Type type = Type::Null;
    std::int64_t integer = 0;
    double real = 0;
    std::string_view text{};

    static Value of(std::int64_t number) { return {.type = Type::Integer, .integer = number}; }

    static Value of_real(double number) { return {.type = Type::Real, .real = number}; }

    static Value of_text(std::string_view text) { return {.type = Type::Text, .text = text}; }

    static Value of_bool(bool truth) { return of(truth ? 1 : 0); }

    [[nodiscard]] bool is_null() const { return type == Type::Null; }

    /// Neither null nor false.
    [[nodiscard]] bool is_true() const { return type == Type::Integer && integer != 0; }

    /// A number as an integer; what a calculation made too large for one is the largest or least.
    [[nodiscard]] std::int64_t whole() const;

    /// A number as a real.
    [[nodiscard]] double number() const {
        return type == Type::Real ? real : static_cast<double>(integer);
    }
};

/// Negative, zero or positive; null comes first. Numbers compare as numbers, text as bytes.
int compare(const Value& a, const Value& b);

/// As TSV shows it; null is "-".
void append_text(const Value& value, Kind kind, std::string& out);

/// As JSON shows it: numbers as numbers, null as null.
void append_json(const Value& value, Kind kind, std::string& out);

/// `text` as a JSON string; bytes that are no printable ASCII are escaped.
void append_json_text(std::string_view text, std::string& out);

} // namespace nlb::query
