// SPDX-License-Identifier: Apache-2.0
// The fields of an access log entry: their order, names and kinds (fields.def).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace nlb::accesslog {

enum class Field : std::uint8_t {
#define FIELD(enumerator, name, kind, lines) enumerator,
#include "accesslog/fields.def"
#undef FIELD
};

enum class Kind : std::uint8_t {
    Text,         ///< as it stands; domain names are URL-encoded
    Time,         ///< 2018-12-20T02:59:40, UTC without saying so
    Address,      ///< ADDRESS:PORT; IPv6 without brackets, so the last colon counts
    Milliseconds, ///< decimal
    Bytes,        ///< decimal
    Number,       ///< decimal
    TlsVersion,   ///< tlsv12; ordered (tls_version.hpp)
    AlpnList,     ///< "h2","http/1.1" (alpn.hpp)
};

struct FieldInfo {
    Field field{};
    std::string_view name; ///< the guide's spelling
    Kind kind{};
    std::size_t lines = 0; ///< fields of the first lines that had it
};

inline constexpr auto kFields = std::to_array<FieldInfo>({
#define FIELD(enumerator, name, kind, lines) {Field::enumerator, name, Kind::kind, lines},
#include "accesslog/fields.def"
#undef FIELD
});

inline constexpr std::size_t kFieldCount = kFields.size();
inline constexpr std::size_t kFewestFields = kFields.front().lines; ///< version 1.0

constexpr std::size_t position(Field field) {
    return static_cast<std::size_t>(field);
}

constexpr const FieldInfo& info(Field field) {
    return kFields[position(field)];
}

constexpr bool is_number(Kind kind) {
    return kind == Kind::Milliseconds || kind == Kind::Bytes || kind == Kind::Number;
}

/// What stands for an absent value.
inline constexpr std::string_view kAbsent = "-";

} // namespace nlb::accesslog
