// SPDX-License-Identifier: Apache-2.0
// A configuration file as a tree of values that remember where they stood, without a word about
// what they mean. Text becomes a tree in parse.hpp, a tree becomes text in render.hpp.
#pragma once

#include "model/path.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nlb::config {

/// Both count from 1; columns count characters, not bytes.
struct Position {
    std::uint32_t line = 1;
    std::uint32_t column = 1;
    auto operator<=>(const Position&) const = default;
};

struct Node {
    enum class Kind : std::uint8_t { Boolean, Integer, Float, String, Time, Array, Table };

    Kind kind = Kind::Table;
    bool dotted_keys = false;   ///< Table: write keys with dots bare, as attributes are
    std::string key;            ///< as a member of a table
    Position key_at;            ///< where the key stands
    Position at;                ///< where the value stands
    std::int64_t integer = 0;   ///< Integer, Boolean (0 or 1)
    std::string text;           ///< String; Float and Time as written by the parser
    std::vector<Node> children; ///< Array, Table (in the order of the file)

    static Node boolean(bool value);
    static Node number(std::int64_t value);
    static Node string(std::string value);

    [[nodiscard]] bool is(Kind other) const { return kind == other; }

    /// The member with this key, or none.
    [[nodiscard]] const Node* member(std::string_view name) const;

    /// Adds a member and returns it; it stays valid until the next one is added.
    Node& add(std::string name, Node value);

    /// One line for messages: a scalar as it is, "[...]" and "{...}" for the rest.
    [[nodiscard]] std::string summary() const;

    /// The same with a string in its double quotes, for where the type is what is wrong.
    [[nodiscard]] std::string literal() const;
};

/// Every scalar and array below `table` with its keys joined by dots, so that
/// `a = { "b.c" = 1 }` and `a.b.c = 1` are the same.
std::vector<const Node*> flatten(const Node& table, std::vector<std::string>& names);

struct Found {
    const Node* node = nullptr; ///< none when the path does not exist
    Position at;                ///< of the value, or of the closest table around it
};

Found find(const Node& root, const model::Path& path);

} // namespace nlb::config
