// SPDX-License-Identifier: Apache-2.0
#include "config/parse.hpp"

#include "base/text.hpp"
#include "config/guard.hpp"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_MAX_NESTED_VALUES 32
#define TOML_ENABLE_FORMATTERS 0
// clang-format off: the order matters
#include <toml++/impl/preprocessor.h>
// toml++ 3.3.0 asserts, and in release builds assumes, that a table header begins with a key, and
// then handles text where it does not. Neither abort nor assume: let it handle the text.
#undef TOML_ASSERT
#undef TOML_ASSERT_ASSUME
#define TOML_ASSERT(expression) static_assert(true)
#define TOML_ASSERT_ASSUME(expression) static_assert(true)
#include <toml++/toml.h>
// clang-format on

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

namespace nlb::config {

static_assert(TOML_MAX_NESTED_VALUES == kDeepestNesting);

namespace {

Position position(const toml::source_position& at) {
    return at ? Position{at.line, at.column} : Position{};
}

template <class T>
std::string time_text(const T& value) {
    std::ostringstream out;
    out << value;
    return out.str();
}

Node convert(const toml::node& from);

void convert_table(const toml::table& from, Node& to) {
    to.children.reserve(from.size());
    for (const auto& [key, value] : from) {
        Node& child = to.add(std::string(key.str()), convert(value));
        child.key_at = position(key.source().begin);
        // tables made by a dotted key have no place of their own
        if (!value.source().begin) child.at = child.key_at;
    }
    std::stable_sort(to.children.begin(), to.children.end(),
                     [](const Node& a, const Node& b) { return a.key_at < b.key_at; });
}

/// As TOML writes it: 8080 is an integer, 8080.0 is not.
std::string float_text(double value) {
    std::array<char, 32> digits{}; // the shortest text has at most 24
    const auto [end, ec] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    std::string text(digits.data(), ec == std::errc{} ? end : digits.data());
    if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
    return text;
}

void convert_scalar(const toml::node& from, Node& to) {
    using Kind = Node::Kind;
    if (const auto* flag = from.as_boolean()) {
        to.kind = Kind::Boolean;
        to.integer = flag->get() ? 1 : 0;
    } else if (const auto* number = from.as_integer()) {
        to.kind = Kind::Integer;
        to.integer = number->get();
    } else if (const auto* string = from.as_string()) {
        to.kind = Kind::String;
        to.text = string->get();
    } else if (const auto* real = from.as_floating_point()) {
        to.kind = Kind::Float;
        to.text = float_text(real->get());
    } else {
        to.kind = Kind::Time;
        if (const auto* date = from.as_date()) to.text = time_text(date->get());
        if (const auto* time = from.as_time()) to.text = time_text(time->get());
        if (const auto* both = from.as_date_time()) to.text = time_text(both->get());
    }
}

Node convert(const toml::node& from) {
    Node to;
    if (const auto* table = from.as_table()) {
        convert_table(*table, to);
    } else if (const auto* array = from.as_array()) {
        to.kind = Node::Kind::Array;
        to.children.reserve(array->size());
        for (const auto& element : *array)
            to.children.push_back(convert(element));
    } else {
        convert_scalar(from, to);
    }
    to.at = position(from.source().begin);
    return to;
}

constexpr std::size_t kLongestReason = 400;

/// One printable line of what the parser said.
std::string printable(std::string_view text) {
    std::string out;
    for (const char c : text.substr(0, kLongestReason)) {
        const auto byte = static_cast<unsigned char>(c);
        out += byte >= 0x20 && byte < 0x7F ? c : '?';
    }
    return out;
}

} // namespace

Result<Node, SyntaxError> parse(std::string_view text) {
    if (auto limit = exceeds_limits(text)) return Failure<SyntaxError>(*std::move(limit));
    const toml::parse_result result = toml::parse(text);
    if (!result) {
        return Failure<SyntaxError>(
            {position(result.error().source().begin), printable(result.error().description())});
    }
    Node root = convert(result.table());
    root.at = {};
    return root;
}

} // namespace nlb::config
