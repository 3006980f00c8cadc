// SPDX-License-Identifier: Apache-2.0
#include "query/column.hpp"

#include <algorithm>

namespace nlb::query {

namespace {

using accesslog::kFieldCount;
using accesslog::kFields;

constexpr auto kNames = [] {
    std::array<std::string_view, kColumnCount> names{};
    for (std::size_t i = 0; i < kFieldCount; ++i)
        names[i] = kFields[i].name;
    names[static_cast<std::size_t>(Column::ClientIp)] = "client_ip";
    names[static_cast<std::size_t>(Column::ClientPort)] = "client_port";
    names[static_cast<std::size_t>(Column::DestinationIp)] = "destination_ip";
    names[static_cast<std::size_t>(Column::DestinationPort)] = "destination_port";
    names[static_cast<std::size_t>(Column::Extra)] = "extra";
    return names;
}();

constexpr auto kAll = [] {
    std::array<Column, kFieldCount + 1> all{};
    for (std::size_t i = 0; i < kFieldCount; ++i)
        all[i] = static_cast<Column>(i);
    all.back() = Column::Extra;
    return all;
}();

Kind kind_of(accesslog::Kind kind) {
    switch (kind) {
    case accesslog::Kind::Time: return Kind::Time;
    case accesslog::Kind::Milliseconds: return Kind::Milliseconds;
    case accesslog::Kind::Bytes: return Kind::Bytes;
    case accesslog::Kind::Number: return Kind::Integer;
    case accesslog::Kind::TlsVersion: return Kind::TlsVersion;
    case accesslog::Kind::Text:
    case accesslog::Kind::Address:
    case accesslog::Kind::AlpnList: break;
    }
    return Kind::Text;
}

} // namespace

std::string_view name_of(Column column) {
    return kNames[static_cast<std::size_t>(column)];
}

Kind kind_of(Column column) {
    const auto at = static_cast<std::size_t>(column);
    if (at < kFieldCount) return kind_of(kFields[at].kind);
    const bool is_port = column == Column::ClientPort || column == Column::DestinationPort;
    return is_port ? Kind::Integer : Kind::Text;
}

bool is_address(Column column) {
    return column == Column::ClientIp || column == Column::DestinationIp;
}

std::optional<Column> find_column(std::string_view name) {
    const auto found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end()) return std::nullopt;
    return static_cast<Column>(found - kNames.begin());
}

std::span<const std::string_view> column_names() {
    return kNames;
}

std::span<const Column> all_columns() {
    return kAll;
}

} // namespace nlb::query
