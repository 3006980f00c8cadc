// SPDX-License-Identifier: Apache-2.0
// The other half of fields.hpp: a configuration as a document. Empty text is left out.
#pragma once

#include "config/reader.hpp"

namespace nlb::config {

class Writer {
  public:
    static constexpr bool kWrites = true;

    explicit Writer(Node& table) : table_(table) {}

    void field(std::string_view name, const std::string& value, Need = Need::Optional);
    void field(std::string_view name, bool value);
    void field(std::string_view name, const IpAddress& value, Need = Need::Optional);
    void field(std::string_view name, const std::optional<IpAddress>& value);
    void field(std::string_view name, model::CrossZone value);
    void field(std::string_view name, const std::vector<std::string>& value);
    void field(std::string_view name, const std::vector<Cidr>& value, std::size_t most);
    void field(std::string_view name, const model::Tags& value);

    template <class Tag>
    void field(std::string_view name, const StrongId<Tag>& value, Need = Need::Optional) {
        field(name, value.value);
    }

    template <class E>
    void choice(std::string_view name, E value, Need = Need::Optional) {
        table_.add(std::string(name), Node::string(std::string(to_text(value))));
    }

    template <class T>
    void number(std::string_view name, T value, Range, Need = Need::Optional) {
        table_.add(std::string(name), Node::number(value));
    }

    void threshold(std::string_view name, std::optional<std::uint32_t> value, std::uint32_t most);
    void check_port(std::string_view name, std::uint16_t value);
    void hex(std::string_view name, const std::string& id);

    template <class T>
    void table(std::string_view name, T& value) {
        Node inner;
        Writer writer(inner);
        fields(writer, value);
        if (!inner.children.empty()) table_.add(std::string(name), std::move(inner));
    }

    template <class T>
    void attributes(std::string_view name, T& value) {
        table(name, value);
        table_.children.back().dotted_keys = true;
    }

    template <class T>
    void list(std::string_view name, std::vector<T>& values) {
        if (values.empty()) return;
        Node& array = table_.add(std::string(name), Node{});
        array.kind = Node::Kind::Array;
        for (T& value : values) {
            Node inner;
            Writer writer(inner);
            fields(writer, value);
            array.children.push_back(std::move(inner));
        }
    }

    template <class T>
    void dictionary(std::string_view name, std::map<std::string, T>& values) {
        Node inner;
        Writer writer(inner);
        for (auto& [key, value] : values)
            writer.table(key, value);
        if (!inner.children.empty()) table_.add(std::string(name), std::move(inner));
    }

  private:
    Node& table_;
};

} // namespace nlb::config
