// SPDX-License-Identifier: Apache-2.0
#include "contract/codec.hpp"

#include "base/check.hpp"
#include "base/text.hpp"
#include "contract/json.hpp"

#include <simdjson.h>

#include <charconv>
#include <cstring>

namespace nlb::contract {

namespace {

// ---- writing: one overload per wire type ----------------------------------------------------

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

// ---- reading: one overload per wire type; each returns what is allowed when it refuses ------

using Element = simdjson::dom::element;
using Refusal = std::optional<std::string>;

Refusal take(Element from, Text& to) {
    std::string_view text;
    if (from.get(text) != simdjson::SUCCESS) return "a string";
    to = text;
    return std::nullopt;
}

Refusal take(Element from, Number& to) {
    if (from.get(to) == simdjson::SUCCESS) return std::nullopt;
    std::string_view digits;
    if (from.get(digits) == simdjson::SUCCESS && !digits.empty()) {
        const char* end = digits.data() + digits.size();
        const auto [stop, ec] = std::from_chars(digits.data(), end, to);
        if (ec == std::errc{} && stop == end) return std::nullopt;
    }
    return "a whole number from 0 to 18446744073709551615";
}

Refusal take(Element from, Flag& to) {
    return from.get(to) == simdjson::SUCCESS ? std::nullopt : Refusal("true or false");
}

Refusal take(Element from, IpAddress& to) {
    std::string_view text;
    if (from.get(text) == simdjson::SUCCESS) {
        if (auto address = IpAddress::parse(text)) {
            to = *address;
            return std::nullopt;
        }
    }
    return "an IPv4 or IPv6 address";
}

template <class Tag>
Refusal take(Element from, StrongId<Tag>& to) {
    std::string_view text;
    if (from.get(text) != simdjson::SUCCESS || text.empty()) return "a string that is not empty";
    to.value = text;
    return std::nullopt;
}

template <class E>

requires std::is_enum_v<E> Refusal take(Element from, E& to) {
    std::string_view text;
    if (from.get(text) == simdjson::SUCCESS) {
        if (const auto value = from_text<E>(text)) {
            to = *value;
            return std::nullopt;
        }
    }
    return either(all_names<E>());
}

struct FieldProblem {
    std::string member;
    std::string why;
};

/// The members of an object, which nearly always come in the order in which they are asked for: the
/// search begins behind the last one found.
class Members {
  public:
    explicit Members(const simdjson::dom::object& object)
        : object_(object), next_(object.begin()) {}

    std::optional<Element> find(std::string_view name) {
        const auto found = search(next_, object_.end(), name);
        return found ? found : search(object_.begin(), next_, name);
    }

  private:
    using Iterator = simdjson::dom::object::iterator;

    std::optional<Element> search(Iterator from, const Iterator& to, std::string_view name) {
        for (; from != to; ++from) {
            if (!from.key_equals(name)) continue;
            Element value = from.value();
            next_ = ++from;
            return value;
        }
        return std::nullopt;
    }

    simdjson::dom::object object_;
    Iterator next_;
};

template <class T>
void read_member(Members& members, std::string_view name, T& to,
                 std::optional<FieldProblem>& problem) {
    if (problem) return;
    const auto value = members.find(name);
    if (!value) {
        problem = {std::string(name), "is missing"};
    } else if (const Refusal allowed = take(*value, to)) {
        problem = {std::string(name), "must be " + *allowed};
    }
}

template <class T>
void read_member(Members& members, std::string_view name, std::optional<T>& to,
                 std::optional<FieldProblem>& problem) {
    if (problem) return;
    const auto value = members.find(name);
    if (!value || value->is_null()) return;
    T inner{};
    if (const Refusal allowed = take(*value, inner)) {
        problem = {std::string(name), "must be " + *allowed};
        return;
    }
    to = std::move(inner);
}

template <class M>
std::optional<FieldProblem> read_message(const simdjson::dom::object& object, Message& to) {
    M message;
    Members members(object);
    std::optional<FieldProblem> problem;
    for_each_field(message, [&](std::string_view name, auto& member) {
        read_member(members, name, member, problem);
    });
    if (!problem) to = std::move(message);
    return problem;
}

struct NamedReader {
    std::string_view name;
    std::optional<FieldProblem> (*read)(const simdjson::dom::object& object, Message& to);
};

constexpr NamedReader kReaders[] = {
#define MESSAGE(Struct, name, meaning) {Struct::wire_name, read_message<Struct>},
#define FIELD(Type, member, presence, meaning)
#define END_MESSAGE
#include "contract/messages.def"
};

std::optional<FieldProblem> read_by_type(std::string_view type, const simdjson::dom::object& object,
                                         Message& to) {
    for (const NamedReader& reader : kReaders) {
        if (reader.name == type) return reader.read(object, to);
    }
    to = Unknown{std::string(type)};
    return std::nullopt;
}

/// Column (from 1) of "member" in the line; 1 when it is not there.
std::size_t column_of(std::string_view line, std::string_view member) {
    const std::size_t at = line.find("\"" + std::string(member) + "\"");
    return at == std::string_view::npos ? 1 : at + 1;
}

tl::unexpected<Error> bad_line(std::size_t column, const std::string& why) {
    return fail(Errc::Data, "column " + std::to_string(column) + ": " + why);
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

struct Decoder::Parser {
    // Nesting: the object, members of the object, and one more level that is ignored.
    static constexpr std::size_t kDeepest = 3;
    simdjson::dom::parser parser{kLongestLine};
    std::string padded;

    Parser() {
        const auto sized = parser.allocate(kLongestLine + simdjson::SIMDJSON_PADDING, kDeepest);
        NLB_CHECK(sized == simdjson::SUCCESS);
    }
};

Decoder::Decoder() : parser_(std::make_unique<Parser>()) {
}

Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

Result<Decoded> Decoder::decode(std::string_view line) {
    if (line.size() > kLongestLine) {
        return bad_line(kLongestLine + 1, "a line may have at most 65536 bytes");
    }
    std::string& padded = parser_->padded;
    padded.assign(line);
    padded.append(simdjson::SIMDJSON_PADDING, ' ');
    Element root;
    const auto parsed = parser_->parser.parse(padded.data(), line.size(), false).get(root);
    if (parsed != simdjson::SUCCESS) {
        return bad_line(1, std::string("no JSON object: ") + simdjson::error_message(parsed));
    }
    simdjson::dom::object object;
    if (root.get(object) != simdjson::SUCCESS) return bad_line(1, "a line must be a JSON object");
    std::string_view type;
    if (object.at_key("type").get(type) != simdjson::SUCCESS) {
        return bad_line(1, R"(member "type" must be the name of a message)");
    }
    Decoded decoded;
    decoded.has_seq = object.at_key("seq").get(decoded.seq) == simdjson::SUCCESS;
    if (const auto problem = read_by_type(type, object, decoded.message)) {
        return bad_line(column_of(line, problem->member),
                        std::string(type) + ": member \"" + problem->member + "\" " + problem->why);
    }
    return decoded;
}

} // namespace nlb::contract
