// SPDX-License-Identifier: Apache-2.0
#include "query/row.hpp"

#include "accesslog/timestamp.hpp"
#include "accesslog/tls_version.hpp"

#include <algorithm>

namespace nlb::query {

using accesslog::Field;
using accesslog::Problem;

/// Only the ALPN list may have a space, and only behind a comma.
void Row::settle() {
    if (is_settled_) return;
    is_settled_ = true;
    if (line_.count < kFirstDoubtful) return;
    const std::string_view list = token(kFirstDoubtful);
    if (!list.ends_with(',')) return;
    is_split_ = true;
    accesslog::split(line(), entry_);
}

std::string_view Row::extra() {
    if (!is_split_) settle();
    if (is_split_) return entry_.extra;
    if (line_.count < accesslog::kFieldCount) return {};
    std::string_view rest = text_.substr(line_.spaces[accesslog::kFieldCount - 1] + 1);
    rest = rest.substr(0, line_.end - line_.spaces[accesslog::kFieldCount - 1] - 1);
    return rest;
}

/// What is no field of its own.
std::string_view Row::part(Column column) {
    if (column == Column::Extra) {
        const std::string_view rest = extra();
        return rest == accesslog::kAbsent ? std::string_view() : rest;
    }
    const bool is_client = column == Column::ClientIp || column == Column::ClientPort;
    const std::string_view text = bytes(is_client ? Field::Client : Field::Destination);
    if (text.empty() || text == accesslog::kAbsent) return {};
    const auto parts = accesslog::split_address(text);
    if (!parts) failed(Problem::BadAddress);
    return parts ? parts->address : std::string_view();
}

Value Row::failed(Problem problem) {
    if (problem_ == Problem::None) problem_ = problem;
    return {};
}

Value Row::port(std::string_view address) {
    if (address.empty() || address == accesslog::kAbsent) return {};
    const auto parts = accesslog::split_address(address);
    const auto port = parts ? accesslog::parse_number(parts->port) : std::nullopt;
    return port ? Value::of(*port) : failed(Problem::BadAddress);
}

Value Row::time(std::string_view text) {
    constexpr std::size_t kLength = 19;
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto second = [&text] { return std::int64_t{text[17] - '0'} * 10 + (text[18] - '0'); };
    if (text.size() == kLength && text.starts_with({minute_.data(), minute_.size()}) &&
        text[17] <= '5' && is_digit(text[17]) && is_digit(text[18]))
        return Value::of(minute_seconds_ + second());
    const auto seconds = accesslog::parse_time(text);
    if (!seconds) return failed(Problem::BadTime);
    std::copy_n(text.begin(), minute_.size(), minute_.begin());
    minute_seconds_ = *seconds - second();
    return Value::of(*seconds);
}

Value Row::value(Column column) {
    if (column == Column::ClientPort) return port(bytes(Field::Client));
    if (column == Column::DestinationPort) return port(bytes(Field::Destination));
    const std::string_view text = this->text(column);
    if (text.empty()) return {};
    switch (kind_of(column)) {
    case Kind::Time: return time(text);
    case Kind::TlsVersion: {
        const auto version = accesslog::parse_tls_version(text);
        return version ? Value::of(*version) : failed(Problem::BadTlsVersion);
    }
    case Kind::Integer:
    case Kind::Milliseconds:
    case Kind::Bytes: {
        const auto number = accesslog::parse_number(text);
        return number ? Value::of(*number) : failed(Problem::BadNumber);
    }
    default: return Value::of_text(text);
    }
}

} // namespace nlb::query
