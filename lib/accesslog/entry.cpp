// SPDX-License-Identifier: Apache-2.0
#include "accesslog/entry.hpp"

#include "accesslog/alpn.hpp"
#include "accesslog/timestamp.hpp"
#include "accesslog/tls_version.hpp"

#include "base/ip.hpp"

#include <charconv>

namespace nlb::accesslog {

std::string_view to_text(Problem problem) {
    switch (problem) {
    case Problem::None: return "no problem";
    case Problem::NotTls: return "it does not begin with 'tls '";
    case Problem::TooFewFields: return "less than 18 fields";
    case Problem::EmptyField: return "an empty field";
    case Problem::BadTime: return "a time that is none";
    case Problem::BadNumber: return "a number that is none";
    case Problem::BadAddress: return "an address and port that are none";
    case Problem::BadTlsVersion: return "a protocol version that is none";
    }
    return "";
}

Problem split(std::string_view line, Entry& entry) {
    entry = Entry{};
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.starts_with("tls ")) return Problem::NotTls;
    std::size_t at = 0;
    std::size_t count = 0;
    while (count < kFieldCount && at <= line.size()) {
        const std::string_view rest = line.substr(at);
        const bool is_list = count == position(Field::AlpnClientPreferenceList);
        const std::size_t length =
            is_list ? alpn_list_length(rest) : std::min(rest.find(' '), rest.size());
        if (length == 0) return Problem::EmptyField;
        entry.fields[count++] = rest.substr(0, length);
        at += length + 1;
    }
    if (count < kFewestFields) return Problem::TooFewFields;
    if (at <= line.size()) entry.extra = line.substr(at);
    return Problem::None;
}

std::optional<AddressText> split_address(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    return AddressText{text.substr(0, colon), text.substr(colon + 1)};
}

std::optional<std::int64_t> parse_number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || text.front() == '-')
        return std::nullopt;
    return value;
}

namespace {

bool is_address(std::string_view text) {
    const auto parts = split_address(text);
    if (!parts) return false;
    const auto port = parse_number(parts->port);
    return port && *port <= 65'535 && IpAddress::parse(parts->address);
}

} // namespace

Problem check(Kind kind, std::string_view text) {
    switch (kind) {
    case Kind::Time: return parse_time(text) ? Problem::None : Problem::BadTime;
    case Kind::Milliseconds:
    case Kind::Bytes:
    case Kind::Number: return parse_number(text) ? Problem::None : Problem::BadNumber;
    case Kind::Address: return is_address(text) ? Problem::None : Problem::BadAddress;
    case Kind::TlsVersion: return parse_tls_version(text) ? Problem::None : Problem::BadTlsVersion;
    case Kind::Text:
    case Kind::AlpnList: break;
    }
    return Problem::None;
}

Problem check(const Entry& entry) {
    for (const FieldInfo& field : kFields) {
        const auto value = entry[field.field];
        if (!value) continue;
        if (const Problem found = check(field.kind, *value); found != Problem::None) return found;
    }
    return Problem::None;
}

} // namespace nlb::accesslog
