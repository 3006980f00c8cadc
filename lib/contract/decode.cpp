// SPDX-License-Identifier: Apache-2.0
#include "base/check.hpp"
#include "base/text.hpp"
#include "contract/codec.hpp"

#include <simdjson.h>

#include <algorithm>
#include <bitset>
#include <charconv>
#include <span>

namespace nlb::contract {

namespace {

// ---- reading: one overload per wire type; each returns what is allowed when it refuses ------

using Element = simdjson::dom::element;
using Refusal = std::optional<std::string>;

constexpr std::size_t kMostMembers = 64;

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

/// How a member is read. `from` is null when the line does not have it.
struct MemberReader {
    std::string_view name;
    Refusal (*take)(const Element* from, Decoded& to);
};

Refusal take_seq(const Element* from, Decoded& to) {
    to.has_seq = from != nullptr && !take(*from, to.seq);
    return std::nullopt;
}

template <class T>
Refusal take_member(const Element* from, T& to) {
    return from != nullptr ? take(*from, to) : Refusal("there");
}

template <class T>
Refusal take_member(const Element* from, std::optional<T>& to) {
    if (from != nullptr && !from->is_null()) return take(*from, to ? *to : to.emplace());
    to.reset();
    return std::nullopt;
}

/// The members of each message in the order in which encode() writes them.
template <class M>
struct Members;

#define MESSAGE(Struct, name, meaning)                                                             \
    template <>                                                                                    \
    struct Members<Struct> {                                                                       \
        using Held = Struct;                                                                       \
        static constexpr MemberReader kAll[] = {
#define FIELD(Type, member, presence, meaning)                                                     \
    {#member, [](const Element* from, Decoded& to) {                                               \
         return take_member(from, std::get_if<Held>(&to.message)->member);                         \
     }},
#define END_MESSAGE                                                                                \
    { "seq", take_seq }                                                                            \
    }                                                                                              \
    ;                                                                                              \
    }                                                                                              \
    ;
#include "contract/messages.def"

template <>
struct Members<Unknown> {
    static constexpr MemberReader kAll[] = {{"seq", take_seq}};
};

struct MessageReader {
    std::string_view name;
    void (*begin)(Message& to);
    std::span<const MemberReader> members;
};

/// In the order of the alternatives of Message.
constexpr MessageReader kReaders[] = {
#define MESSAGE(Struct, name, meaning)                                                             \
    {Struct::wire_name, [](Message& to) { to.emplace<Struct>(); }, Members<Struct>::kAll},
#define FIELD(Type, member, presence, meaning)
#define END_MESSAGE
#include "contract/messages.def"
    {"", [](Message& to) { to.emplace<Unknown>(); }, Members<Unknown>::kAll},
};

static_assert(std::all_of(std::begin(kReaders), std::end(kReaders), [](const MessageReader& one) {
    return one.members.size() <= kMostMembers;
}));

/// Makes `to` a message of this type. Where it is one already, its strings keep their memory.
const MessageReader& begin_message(std::string_view type, Message& to) {
    const MessageReader& same = kReaders[to.index()];
    if (same.name == type && !type.empty()) return same;
    const auto* const reader =
        std::find_if(std::begin(kReaders), std::end(kReaders) - 1,
                     [type](const MessageReader& one) { return one.name == type; });
    reader->begin(to);
    if (auto* const unknown = std::get_if<Unknown>(&to)) unknown->type = type;
    return *reader;
}

/// Where `name` stands. Members nearly always come in order, so that the search begins at the one
/// expected next.
std::size_t position_of(std::string_view name, std::span<const MemberReader> members,
                        std::size_t expected) {
    for (std::size_t i = expected; i < members.size(); ++i) {
        if (members[i].name == name) return i;
    }
    for (std::size_t i = 0; i < expected; ++i) {
        if (members[i].name == name) return i;
    }
    return members.size();
}

std::optional<FieldProblem> read_members(const simdjson::dom::object& object,
                                         std::span<const MemberReader> members, Decoded& to) {
    std::bitset<kMostMembers> seen;
    std::size_t expected = 0;
    for (auto [name, value] : object) {
        if (name == "type") continue;
        const std::size_t at = position_of(name, members, expected);
        if (at == members.size() || seen[at]) continue;
        seen.set(at);
        expected = at + 1;
        if (const Refusal allowed = members[at].take(&value, to))
            return FieldProblem{std::string(name), "must be " + *allowed};
    }
    for (std::size_t i = 0; i < members.size(); ++i) {
        if (!seen[i] && members[i].take(nullptr, to))
            return FieldProblem{std::string(members[i].name), "is missing"};
    }
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

Result<void> Decoder::decode(std::string_view line, Decoded& to) {
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
    const MessageReader& reader = begin_message(type, to.message);
    if (const auto problem = read_members(object, reader.members, to)) {
        return bad_line(column_of(line, problem->member),
                        std::string(type) + ": member \"" + problem->member + "\" " + problem->why);
    }
    return {};
}

} // namespace nlb::contract
