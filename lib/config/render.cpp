// SPDX-License-Identifier: Apache-2.0
#include "config/render.hpp"

#include "contract/json.hpp"

#include <algorithm>
#include <cstdio>

namespace nlb::config {

using Kind = Node::Kind;

namespace {

/// A basic string of TOML 1.0: control characters and quotes escaped, UTF-8 as it is.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') out += '\\';
        if (byte >= 0x20 && byte != 0x7F) {
            out += c;
            continue;
        }
        char escape[8];
        std::snprintf(escape, sizeof escape, "\\u%04X", unsigned{byte});
        out += escape;
    }
    return out + "\"";
}

std::string key_text(const std::string& key, bool dots) {
    const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || (dots && c == '.');
    });
    return bare ? key : quoted(key);
}

bool is_table_array(const Node& node) {
    return node.is(Kind::Array) && !node.children.empty() && node.children.front().is(Kind::Table);
}

std::string inline_value(const Node& node) {
    if (node.is(Kind::String)) return quoted(node.text);
    if (!node.is(Kind::Array)) return node.summary();
    std::string out = "[";
    for (const Node& child : node.children) {
        if (out.size() > 1) out += ", ";
        out += inline_value(child);
    }
    return out + "]";
}

void append_table(const Node& table, const std::string& name, std::string& out);

void append_member(const Node& child, const std::string& name, std::string& out) {
    if (child.is(Kind::Table)) {
        const bool only_tables =
            std::all_of(child.children.begin(), child.children.end(),
                        [](const Node& inner) { return inner.is(Kind::Table); });
        if (!only_tables || child.children.empty()) out += "\n[" + name + "]\n";
        append_table(child, name, out);
        return;
    }
    for (const Node& element : child.children) {
        out += "\n[[" + name + "]]\n";
        append_table(element, name, out);
    }
}

void append_table(const Node& table, const std::string& name, std::string& out) {
    const auto is_plain = [](const Node& node) {
        return !node.is(Kind::Table) && !is_table_array(node);
    };
    for (const Node& child : table.children) {
        if (!is_plain(child)) continue;
        out += key_text(child.key, table.dotted_keys) + " = " + inline_value(child) + "\n";
    }
    for (const bool arrays : {false, true}) {
        for (const Node& child : table.children) {
            if (is_plain(child) || is_table_array(child) != arrays) continue;
            append_member(child, (name.empty() ? "" : name + ".") + key_text(child.key, false),
                          out);
        }
    }
}

void append_json(const Node& node, std::string& out) {
    if (node.is(Kind::String)) {
        contract::append_json_string(node.text, out);
        return;
    }
    if (!node.is(Kind::Table) && !node.is(Kind::Array)) {
        out += node.summary();
        return;
    }
    const bool table = node.is(Kind::Table);
    out += table ? '{' : '[';
    bool first = true;
    for (const Node& child : node.children) {
        if (!first) out += ',';
        first = false;
        if (table) {
            contract::append_json_string(child.key, out);
            out += ':';
        }
        append_json(child, out);
    }
    out += table ? '}' : ']';
}

} // namespace

std::string to_toml(const Node& root) {
    std::string out;
    append_table(root, "", out);
    return out;
}

std::string to_json(const Node& root) {
    std::string out;
    append_json(root, out);
    return out + "\n";
}

} // namespace nlb::config
