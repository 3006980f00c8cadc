// SPDX-License-Identifier: Apache-2.0
// The messages of nlb-messages(7) as C++ structs, generated from messages.def. Each struct has
// `wire_name` and for_each_field(visitor); nothing here knows JSON.
#pragma once

#include "base/ip.hpp"
#include "base/time.hpp"
#include "model/names.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace nlb::contract {

constexpr std::uint64_t kContractVersion = 1;

enum class SetKind : std::uint8_t { TargetSet, RouteSet, TargetHealth };

using Text = std::string;
using Number = std::uint64_t;
using Flag = bool;

template <class T>
using required_t = T;
template <class T>
using optional_t = std::optional<T>;

// NOLINTBEGIN(bugprone-macro-parentheses): types and member names cannot stand in parentheses
#define MESSAGE(Struct, name, meaning)                                                             \
    struct Struct {                                                                                \
        static constexpr std::string_view wire_name = name;                                        \
        bool operator==(const Struct&) const = default;
#define FIELD(Type, member, presence, meaning) presence##_t<Type> member{};
#define END_MESSAGE                                                                                \
    }                                                                                              \
    ;
#include "contract/messages.def"

// NOLINTEND(bugprone-macro-parentheses)

/// A message of a type this version does not know; it is counted and skipped.
struct Unknown {
    std::string type;
    bool operator==(const Unknown&) const = default;
};

using Message = std::variant<
#define MESSAGE(Struct, name, meaning) Struct,
#define FIELD(Type, member, presence, meaning)
#define END_MESSAGE
#include "contract/messages.def"
    Unknown>;

/// Calls visit(name, member) for each member in table order. `M` is a message struct, const or not.
#define MESSAGE(Struct, name, meaning)                                                             \
    template <class M, class Visit>                                                                \
    requires std::same_as<std::remove_const_t<M>, Struct>                                          \
    void for_each_field([[maybe_unused]] M& message, [[maybe_unused]] Visit&& visit) {
#define FIELD(Type, member, presence, meaning) visit(std::string_view(#member), message.member);
#define END_MESSAGE }
#include "contract/messages.def"

} // namespace nlb::contract

namespace nlb {

template <>
struct EnumText<contract::SetKind> {
    static constexpr std::array<std::string_view, 3> names{"target-set", "route-set",
                                                           "target-health"};
};

} // namespace nlb
