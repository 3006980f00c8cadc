// SPDX-License-Identifier: Apache-2.0
// One table of the file, read field by field; fields.hpp names the fields. What is absent keeps
// the value it had; what is wrong is noted in the ledger and read as absent.
#pragma once

#include "base/enum_text.hpp"
#include "base/strong_id.hpp"
#include "config/ledger.hpp"

#include <map>

namespace nlb::config {

enum class Need : std::uint8_t { Optional, Required };

struct Range {
    std::uint32_t least;
    std::uint32_t most;
};

template <class T, class Io>
void fields(Io& io, T& value);

class Reader {
  public:
    static constexpr bool kWrites = false;

    Reader(Ledger& ledger, const Node& table, model::Path path);

    /// A table whose keys are dotted names: attributes.
    static Reader dotted(Ledger& ledger, const Node& table, model::Path path);

    void field(std::string_view name, std::string& value, Need need = Need::Optional);
    void field(std::string_view name, bool& value);
    void field(std::string_view name, IpAddress& value, Need need = Need::Optional);
    void field(std::string_view name, std::optional<IpAddress>& value);
    void field(std::string_view name, model::CrossZone& value);
    void field(std::string_view name, std::vector<std::string>& value);
    void field(std::string_view name, std::vector<Cidr>& value, std::size_t most);
    void field(std::string_view name, model::Tags& value);

    template <class Tag>
    void field(std::string_view name, StrongId<Tag>& value, Need need = Need::Optional) {
        field(name, value.value, need);
    }

    template <class E>
    void choice(std::string_view name, E& value, Need need = Need::Optional) {
        std::size_t index = 0;
        if (read_choice(name, all_names<E>(), index, need)) value = static_cast<E>(index);
    }

    template <class T>
    void number(std::string_view name, T& value, Range range, Need need = Need::Optional) {
        std::uint32_t read = 0;
        if (read_number(name, read, range, need)) value = static_cast<T>(read);
    }

    /// "off" or a number from 1.
    void threshold(std::string_view name, std::optional<std::uint32_t>& value, std::uint32_t most);
    /// "traffic-port" (0) or a port.
    void check_port(std::string_view name, std::uint16_t& value);
    /// The 16 digits at the end of a resource id; the front is added by complete().
    void hex(std::string_view name, std::string& id);

    template <class T>
    void table(std::string_view name, T& value) {
        const Node* node = take_table(name);
        if (node == nullptr) return;
        Reader inner(ledger_, *node, path_ / std::string(name));
        fields(inner, value);
        inner.finish();
    }

    template <class T>
    void attributes(std::string_view name, T& value) {
        const Node* node = take_table(name);
        if (node == nullptr) return;
        Reader inner = dotted(ledger_, *node, path_ / std::string(name));
        fields(inner, value);
        inner.finish();
    }

    template <class T>
    void list(std::string_view name, std::vector<T>& values) {
        const Node* array = take_array(name);
        if (array == nullptr) return;
        for (std::size_t i = 0; i < array->children.size(); ++i) {
            const model::Path at = path_ / std::string(name) / i;
            T& value = values.emplace_back();
            if (!is_table(array->children[i], at)) continue;
            Reader inner(ledger_, array->children[i], at);
            fields(inner, value);
            inner.finish();
        }
    }

    template <class T>
    void dictionary(std::string_view name, std::map<std::string, T>& values) {
        const Node* node = take_table(name);
        if (node == nullptr) return;
        for (const Node& child : node->children) {
            const model::Path at = path_ / std::string(name) / child.key;
            if (!is_table(child, at)) continue;
            Reader inner(ledger_, child, at);
            fields(inner, values[child.key]);
            inner.finish();
        }
    }

    /// Notes every key that no field asked for.
    void finish();

  private:
    struct Entry {
        std::string name;
        const Node* node;
        bool taken = false;
    };

    Reader(Ledger& ledger, model::Path path) : ledger_(ledger), path_(std::move(path)) {}

    const Node* take(std::string_view name, Need need, std::string_view what);
    const Node* take_table(std::string_view name);
    const Node* take_array(std::string_view name);
    bool is_table(const Node& node, const model::Path& path);
    bool read_choice(std::string_view name, std::span<const std::string_view> names,
                     std::size_t& index, Need need);
    bool read_number(std::string_view name, std::uint32_t& value, Range range, Need need);
    void wrong(std::string_view name, const Node& node, std::string allowed);
    void wrong_type(std::string_view name, const Node& node, std::string allowed);

    Ledger& ledger_;
    model::Path path_;
    Position place_;
    std::vector<Entry> entries_;
    std::vector<std::string_view> known_;
};

} // namespace nlb::config
