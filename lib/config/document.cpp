// SPDX-License-Identifier: Apache-2.0
#include "config/document.hpp"

#include <algorithm>

namespace nlb::config {

Node Node::boolean(bool value) {
    Node node;
    node.kind = Kind::Boolean;
    node.integer = value ? 1 : 0;
    return node;
}

Node Node::number(std::int64_t value) {
    Node node;
    node.kind = Kind::Integer;
    node.integer = value;
    return node;
}

Node Node::string(std::string value) {
    Node node;
    node.kind = Kind::String;
    node.text = std::move(value);
    return node;
}

const Node* Node::member(std::string_view name) const {
    if (kind != Kind::Table) return nullptr;
    const auto it = std::find_if(children.begin(), children.end(),
                                 [&](const Node& child) { return child.key == name; });
    return it == children.end() ? nullptr : &*it;
}

Node& Node::add(std::string name, Node value) {
    children.push_back(std::move(value));
    children.back().key = std::move(name);
    return children.back();
}

std::string Node::summary() const {
    switch (kind) {
    case Kind::Boolean: return integer != 0 ? "true" : "false";
    case Kind::Integer: return std::to_string(integer);
    case Kind::Float:
    case Kind::Time:
    case Kind::String: return text;
    case Kind::Array: return "[...]";
    case Kind::Table: break;
    }
    return "{...}";
}

std::string Node::literal() const {
    return is(Kind::String) ? '"' + text + '"' : summary();
}

namespace {

void flatten_into(const Node& table, const std::string& prefix, std::vector<const Node*>& nodes,
                  std::vector<std::string>& names) {
    for (const Node& child : table.children) {
        const std::string name = prefix + child.key;
        if (child.is(Node::Kind::Table)) {
            flatten_into(child, name + ".", nodes, names);
            continue;
        }
        nodes.push_back(&child);
        names.push_back(name);
    }
}

/// The member called `name`, or the one reached by its dotted parts.
const Node* member_or_dotted(const Node& table, std::string_view name) {
    if (const Node* exact = table.member(name); exact != nullptr) return exact;
    for (const Node& child : table.children) {
        const bool leads = child.is(Node::Kind::Table) && name.size() > child.key.size() + 1 &&
                           name.starts_with(child.key) && name[child.key.size()] == '.';
        if (!leads) continue;
        const Node* deeper = member_or_dotted(child, name.substr(child.key.size() + 1));
        if (deeper != nullptr) return deeper;
    }
    return nullptr;
}

const Node* follow(const Node& node, const model::Path::Step& step) {
    if (!step.key.empty()) return member_or_dotted(node, step.key);
    if (!node.is(Node::Kind::Array) || step.index >= node.children.size()) return nullptr;
    return &node.children[step.index];
}

} // namespace

std::vector<const Node*> flatten(const Node& table, std::vector<std::string>& names) {
    std::vector<const Node*> nodes;
    flatten_into(table, "", nodes, names);
    return nodes;
}

Found find(const Node& root, const model::Path& path) {
    Found found{&root, root.at};
    for (const auto& step : path.steps()) {
        const Node* next = follow(*found.node, step);
        if (next == nullptr) return {nullptr, found.at};
        found = {next, next->at};
    }
    return found;
}

} // namespace nlb::config
