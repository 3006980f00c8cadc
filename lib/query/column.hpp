// SPDX-License-Identifier: Apache-2.0
// What an expression may name: the fields of an entry, and parts of them.
#pragma once

#include "query/value.hpp"

#include "accesslog/fields.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace nlb::query {

/// Values below accesslog::kFieldCount are the Field of that number.
enum class Column : std::uint8_t {
    ClientIp = accesslog::kFieldCount,
    ClientPort,
    DestinationIp,
    DestinationPort,
    Extra, ///< what follows the last known field
};

inline constexpr std::size_t kColumnCount = accesslog::kFieldCount + 5;

constexpr Column column_of(accesslog::Field field) {
    return static_cast<Column>(field);
}

/// The guide's spelling for fields; client_ip and the like for the others.
std::string_view name_of(Column column);

Kind kind_of(Column column);

/// Client_ip and destination_ip: what may be matched against address blocks.
bool is_address(Column column);

std::optional<Column> find_column(std::string_view name);

std::span<const std::string_view> column_names();

/// What "*" and a question without --select stand for: every field, and what follows them.
std::span<const Column> all_columns();

} // namespace nlb::query
