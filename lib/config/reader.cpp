// SPDX-License-Identifier: Apache-2.0
#include "config/reader.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <set>

namespace nlb::config {

using Kind = Node::Kind;

namespace {

/// What to say of a node that is no string where one is wanted.
std::string string_wanted(const Node& node) {
    const bool number = node.is(Kind::Integer) || node.is(Kind::Float);
    return number ? "must be a string in quotes, not a number" : "must be a string in quotes";
}

} // namespace

Reader::Reader(Ledger& ledger, const Node& table, model::Path path)
    : Reader(ledger, std::move(path)) {
    place_ = table.at;
    for (const Node& child : table.children)
        entries_.push_back({child.key, &child});
}

Reader Reader::dotted(Ledger& ledger, const Node& table, model::Path path) {
    Reader reader(ledger, std::move(path));
    reader.place_ = table.at;
    std::vector<std::string> names;
    const auto nodes = flatten(table, names);
    std::set<std::string_view> seen;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (!seen.insert(names[i]).second) {
            ledger.wrong(reader.path_ / names[i], *nodes[i], "given twice: once is enough");
            continue;
        }
        reader.entries_.push_back({names[i], nodes[i]});
    }
    return reader;
}

void Reader::wrong(std::string_view name, const Node& node, std::string allowed) {
    ledger_.wrong(path_ / std::string(name), node, std::move(allowed));
}

void Reader::wrong_type(std::string_view name, const Node& node, std::string allowed) {
    ledger_.wrong_type(path_ / std::string(name), node, std::move(allowed));
}

const Node* Reader::take(std::string_view name, Need need, std::string_view what) {
    known_.push_back(name);
    const auto it = std::find_if(entries_.begin(), entries_.end(),
                                 [&](const Entry& entry) { return entry.name == name; });
    if (it != entries_.end()) {
        it->taken = true;
        return it->node;
    }
    if (need == Need::Required) {
        ledger_.missing(path_ / std::string(name), place_, "required: " + std::string(what));
    }
    return nullptr;
}

void Reader::finish() {
    for (const Entry& entry : entries_) {
        if (!entry.taken) ledger_.unknown(path_ / entry.name, *entry.node, known_);
    }
}

bool Reader::is_table(const Node& node, const model::Path& path) {
    if (node.is(Kind::Table)) return true;
    ledger_.wrong(path, node, "must be a table");
    return false;
}

const Node* Reader::take_table(std::string_view name) {
    const Node* node = take(name, Need::Optional, "");
    if (node == nullptr || !is_table(*node, path_ / std::string(name))) return nullptr;
    return node;
}

const Node* Reader::take_array(std::string_view name) {
    const Node* node = take(name, Need::Optional, "");
    if (node == nullptr || node->is(Kind::Array)) return node;
    wrong(name, *node, "must be an array");
    return nullptr;
}

void Reader::field(std::string_view name, std::string& value, Need need) {
    const Node* node = take(name, need, "a string");
    if (node == nullptr) return;
    if (node->is(Kind::String)) {
        value = node->text;
    } else {
        wrong(name, *node, string_wanted(*node));
    }
}

void Reader::field(std::string_view name, bool& value) {
    const Node* node = take(name, Need::Optional, "");
    if (node == nullptr) return;
    if (node->is(Kind::Boolean)) {
        value = node->integer != 0;
    } else {
        wrong_type(name, *node, "must be true or false, without quotes");
    }
}

void Reader::field(std::string_view name, IpAddress& value, Need need) {
    const Node* node = take(name, need, "an IP address");
    if (node == nullptr) return;
    const auto address = node->is(Kind::String) ? IpAddress::parse(node->text)
                                                : Result<IpAddress>(fail(Errc::Usage, ""));
    if (address && !address->is_unspecified()) {
        value = *address;
    } else {
        wrong(name, *node, "must be an IPv4 or IPv6 address in quotes, and not all zeros");
    }
}

void Reader::field(std::string_view name, std::optional<IpAddress>& value) {
    IpAddress address;
    field(name, address);
    if (!address.is_unspecified()) value = address;
}

void Reader::field(std::string_view name, model::CrossZone& value) {
    const Node* node = take(name, Need::Optional, "");
    if (node == nullptr) return;
    const bool has_word = node->is(Kind::String) || node->is(Kind::Boolean);
    const auto read = has_word ? from_text<model::CrossZone>(node->summary()) : std::nullopt;
    if (read) {
        value = *read;
    } else {
        wrong(name, *node, "must be true, false or \"use_load_balancer_configuration\"");
    }
}

void Reader::field(std::string_view name, std::vector<std::string>& value) {
    const Node* array = take_array(name);
    if (array == nullptr) return;
    for (std::size_t i = 0; i < array->children.size(); ++i) {
        const Node& node = array->children[i];
        value.push_back(node.is(Kind::String) ? node.text : "");
        if (node.is(Kind::String)) continue;
        ledger_.wrong(path_ / std::string(name) / i, node, string_wanted(node));
    }
}

void Reader::field(std::string_view name, std::vector<Cidr>& value, std::size_t most) {
    const Node* array = take_array(name);
    if (array == nullptr) return;
    if (array->children.size() > most) {
        wrong(name, *array, "at most " + std::to_string(most) + " address blocks");
        return;
    }
    value.clear();
    for (std::size_t i = 0; i < array->children.size(); ++i) {
        const Node& node = array->children[i];
        const auto block = Cidr::parse(node.is(Kind::String) ? node.text : "");
        if (block) {
            value.push_back(*block);
            continue;
        }
        ledger_.wrong(path_ / std::string(name) / i, node,
                      "must be an address block such as \"10.0.0.0/8\", no bits set behind the "
                      "prefix");
    }
}

void Reader::field(std::string_view name, model::Tags& value) {
    const Node* node = take_table(name);
    if (node == nullptr) return;
    for (const Node& child : node->children) {
        value[child.key] = child.text;
        if (child.is(Kind::String)) continue;
        ledger_.wrong(path_ / std::string(name) / child.key, child,
                      "must be a string in quotes; a key with dots needs quotes too");
    }
}

bool Reader::read_choice(std::string_view name, std::span<const std::string_view> names,
                         std::size_t& index, Need need) {
    const Node* node = take(name, need, either(names));
    if (node == nullptr) return false;
    const auto it =
        node->is(Kind::String) ? std::find(names.begin(), names.end(), node->text) : names.end();
    if (it != names.end()) {
        index = static_cast<std::size_t>(it - names.begin());
        return true;
    }
    wrong(name, *node, "must be " + either(names) + ", in quotes");
    return false;
}

bool Reader::read_number(std::string_view name, std::uint32_t& value, Range range, Need need) {
    const std::string what =
        "a whole number from " + std::to_string(range.least) + " to " + std::to_string(range.most);
    const Node* node = take(name, need, what);
    if (node == nullptr) return false;
    if (!node->is(Kind::Integer) || node->integer < range.least || node->integer > range.most) {
        wrong_type(name, *node, "must be " + what);
        return false;
    }
    value = static_cast<std::uint32_t>(node->integer);
    return true;
}

void Reader::threshold(std::string_view name, std::optional<std::uint32_t>& value,
                       std::uint32_t most) {
    const Node* node = take(name, Need::Optional, "");
    if (node == nullptr) return;
    if (node->is(Kind::String) && node->text == "off") {
        value.reset();
    } else if (node->is(Kind::Integer) && node->integer >= 1 && node->integer <= most) {
        value = static_cast<std::uint32_t>(node->integer);
    } else {
        wrong_type(name, *node,
                   "must be \"off\" or a whole number from 1 to " + std::to_string(most));
    }
}

void Reader::check_port(std::string_view name, std::uint16_t& value) {
    const Node* node = take(name, Need::Optional, "");
    if (node == nullptr) return;
    if (node->is(Kind::String) && node->text == "traffic-port") {
        value = 0;
    } else if (node->is(Kind::Integer) && node->integer >= 1 && node->integer <= 65535) {
        value = static_cast<std::uint16_t>(node->integer);
    } else {
        wrong_type(name, *node, "must be \"traffic-port\" or a whole number from 1 to 65535");
    }
}

void Reader::hex(std::string_view name, std::string& id) {
    const Node* node = take(name, Need::Optional, "");
    if (node == nullptr) return;
    const bool digits = node->is(Kind::String) && node->text.size() == 16 &&
                        node->text.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (digits) {
        id = node->text;
    } else {
        wrong(name, *node, "must be 16 digits 0-9 a-f in quotes");
    }
}

} // namespace nlb::config
