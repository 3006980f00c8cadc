// SPDX-License-Identifier: Apache-2.0
#include "config/writer.hpp"

#include "config/fields.hpp"

namespace nlb::config {

void Writer::field(std::string_view name, const std::string& value, Need) {
    if (!value.empty()) table_.add(std::string(name), Node::string(value));
}

void Writer::field(std::string_view name, bool value) {
    table_.add(std::string(name), Node::boolean(value));
}

void Writer::field(std::string_view name, const IpAddress& value, Need) {
    field(name, value.text());
}

void Writer::field(std::string_view name, const std::optional<IpAddress>& value) {
    if (value) field(name, value->text());
}

void Writer::field(std::string_view name, model::CrossZone value) {
    const bool word = value == model::CrossZone::UseLoadBalancerConfiguration;
    table_.add(std::string(name), word ? Node::string(std::string(to_text(value)))
                                       : Node::boolean(value == model::CrossZone::True));
}

void Writer::field(std::string_view name, const std::vector<std::string>& value) {
    Node& array = table_.add(std::string(name), Node{});
    array.kind = Node::Kind::Array;
    for (const auto& item : value)
        array.children.push_back(Node::string(item));
}

void Writer::field(std::string_view name, const std::vector<Cidr>& value, std::size_t) {
    std::vector<std::string> texts;
    texts.reserve(value.size());
    for (const Cidr& block : value)
        texts.push_back(block.text());
    field(name, texts);
}

void Writer::field(std::string_view name, const model::Tags& value) {
    if (value.empty()) return;
    Node& table = table_.add(std::string(name), Node{});
    for (const auto& [key, text] : value)
        table.add(key, Node::string(text));
}

void Writer::threshold(std::string_view name, std::optional<std::uint32_t> value, std::uint32_t) {
    table_.add(std::string(name), value ? Node::number(*value) : Node::string("off"));
}

void Writer::check_port(std::string_view name, std::uint16_t value) {
    table_.add(std::string(name), value != 0 ? Node::number(value) : Node::string("traffic-port"));
}

void Writer::hex(std::string_view name, const std::string& id) {
    field(name, id.substr(id.rfind('/') + 1));
}

namespace {

/// Targets of all zones say so with the word the service uses.
void name_all_zones(model::Configuration& configuration) {
    for (auto& group : configuration.target_groups) {
        for (auto& target : group.targets) {
            if (target.all_zones) target.zone.value = "all";
        }
    }
}

} // namespace

Node show(const model::Configuration& configuration) {
    model::Configuration copy = configuration;
    name_all_zones(copy);
    Node root;
    Writer writer(root);
    fields(writer, copy);
    return root;
}

} // namespace nlb::config
