// SPDX-License-Identifier: Apache-2.0
#include "query/value.hpp"

#include "accesslog/fields.hpp"
#include "accesslog/timestamp.hpp"
#include "accesslog/tls_version.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace nlb::query {

std::string_view to_text(Kind kind) {
    constexpr auto kWords =
        std::to_array<std::string_view>({"text", "a condition", "a number", "a duration", "a size",
                                         "a number", "a time", "a TLS version"});
    return kWords[static_cast<std::size_t>(kind)];
}

std::int64_t Value::whole() const {
    constexpr double kBound = 9.2e18;
    if (type != Type::Real) return integer;
    if (real >= kBound) return std::numeric_limits<std::int64_t>::max();
    if (real <= -kBound) return std::numeric_limits<std::int64_t>::min();
    return static_cast<std::int64_t>(real);
}

int compare(const Value& a, const Value& b) {
    if (a.is_null() || b.is_null()) return int{b.is_null()} - int{a.is_null()};
    const auto sign = [](const auto& x, const auto& y) { return x < y ? -1 : int{y < x}; };
    if (a.type == Value::Type::Text && b.type == Value::Type::Text) return sign(a.text, b.text);
    if (a.type == Value::Type::Text || b.type == Value::Type::Text)
        return a.type == Value::Type::Text ? 1 : -1; // as SQLite: numbers before text
    if (a.type == Value::Type::Integer && b.type == Value::Type::Integer)
        return sign(a.integer, b.integer);
    return sign(a.number(), b.number());
}

namespace {

template <class Number>
void append_number(Number number, std::string& out) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    out.append(text.data(), end);
}

void append_real(double number, std::string& out) {
    constexpr double kHundredths = 100;
    constexpr double kExact = 1e15;
    // Two decimals are what people read; larger ones than this have none.
    const bool is_exact = number > -kExact && number < kExact;
    append_number(is_exact ? std::round(number * kHundredths) / kHundredths : number, out);
}

void append_scalar(const Value& value, Kind kind, std::string& out) {
    if (value.type == Value::Type::Real) return append_real(value.real, out);
    if (kind == Kind::Time) return accesslog::append_time(value.integer, out);
    if (kind == Kind::TlsVersion) {
        out += accesslog::tls_version_text(value.integer);
        return;
    }
    if (kind == Kind::Boolean) {
        out += value.integer != 0 ? "true" : "false";
        return;
    }
    append_number(value.integer, out);
}

} // namespace

void append_text(const Value& value, Kind kind, std::string& out) {
    if (value.is_null())
        out += accesslog::kAbsent;
    else if (value.type == Value::Type::Text)
        out += value.text;
    else
        append_scalar(value, kind, out);
}

void append_json_text(std::string_view text, std::string& out) {
    const auto is_plain = [](char c) { return c >= ' ' && c < '\x7f' && c != '"' && c != '\\'; };
    out += '"';
    while (!text.empty()) {
        const auto end = std::find_if_not(text.begin(), text.end(), is_plain);
        out.append(text.begin(), end);
        text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
        if (text.empty()) break;
        const auto byte = static_cast<unsigned char>(text.front());
        constexpr std::string_view kDigits = "0123456789abcdef";
        if (byte == '"' || byte == '\\') {
            out += '\\';
            out += text.front();
        } else {
            out += "\\u00";
            out += kDigits[byte >> 4U];
            out += kDigits[byte & 15U];
        }
        text.remove_prefix(1);
    }
    out += '"';
}

void append_json(const Value& value, Kind kind, std::string& out) {
    if (value.is_null()) {
        out += "null";
    } else if (value.type == Value::Type::Text) {
        append_json_text(value.text, out);
    } else if (kind == Kind::Time || kind == Kind::TlsVersion) {
        out += '"';
        append_scalar(value, kind, out);
        out += '"';
    } else {
        append_scalar(value, kind, out);
    }
}

} // namespace nlb::query
