// SPDX-License-Identifier: Apache-2.0
#include "contract/codec.hpp"
#include "contract/json.hpp"

namespace nlb::contract {

namespace {

// One overload per wire type.

void append(const Text& value, std::string& out) {
    append_json_string(value, out);
}

void append(Number value, std::string& out) {
    append_json_number(value, out);
}

void append(Flag value, std::string& out) {
    out += value ? "true" : "false";
}

void append(const IpAddress& value, std::string& out) {
    append_json_string(value.text(), out);
}

template <class Tag>
void append(const StrongId<Tag>& value, std::string& out) {
    append_json_string(value.value, out);
}

template <class E>
requires std::is_enum_v<E>

void append(E value, std::string& out) {
    append_json_string(to_text(value), out);
}

template <class T>
void append_member(std::string_view name, const T& value, std::string& out) {
    out += ",\"";
    out += name;
    out += "\":";
    append(value, out);
}

template <class T>
void append_member(std::string_view name, const std::optional<T>& value, std::string& out) {
    if (value) append_member(name, *value, out);
}

} // namespace

void encode(const Message& message, std::uint64_t seq, std::string& out) {
    std::visit(
        [&](const auto& m) {
            using M = std::decay_t<decltype(m)>;
            if constexpr (!std::is_same_v<M, Unknown>) {
                out += "{\"type\":\"";
                out += M::wire_name;
                out += '"';
                for_each_field(m, [&](std::string_view name, const auto& member) {
                    append_member(name, member, out);
                });
                out += ",\"seq\":";
                append_json_number(seq, out);
                out += "}\n";
            }
        },
        message);
}

} // namespace nlb::contract
