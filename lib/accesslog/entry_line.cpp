// SPDX-License-Identifier: Apache-2.0
#include "accesslog/entry_line.hpp"

#include "accesslog/timestamp.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace nlb::accesslog {

namespace {

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~' || c == '/';
}

void append_encoded(char c, std::string& out) {
    constexpr std::string_view kHex = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4U];
    out += kHex[byte & 15U];
}

/// A field must hold no space, quote or control byte; everything else stays as it came.
bool is_field_byte(char c) {
    return c > ' ' && c < '\x7f' && c != '"';
}

void append_text(std::string_view text, std::string& out) {
    if (std::all_of(text.begin(), text.end(), is_field_byte)) {
        out += text;
        return;
    }
    for (const char c : text) {
        if (is_field_byte(c))
            out += c;
        else
            append_encoded(c, out);
    }
}

void append_field(std::string_view text, std::string& out) {
    append_text(text.empty() ? "-" : text, out);
    out += ' ';
}

void append_optional(const std::optional<std::string>& text, std::string& out) {
    append_field(text ? std::string_view(*text) : std::string_view(), out);
}

void append_number(std::uint64_t value, std::string& out) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.begin(), digits.end(), value).ptr;
    out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
    out += ' ';
}

void append_number(const std::optional<std::uint64_t>& value, std::string& out) {
    if (value)
        append_number(*value, out);
    else
        out += "- ";
}

/// "g3d4b5e8bb8464cd" of "listener/net/web/50dc6c495c0c9188/g3d4b5e8bb8464cd" [p.81].
std::string_view resource_id(std::string_view listener) {
    return listener.substr(listener.rfind('/') + 1); // npos + 1 is 0
}

/// IPv6 without brackets: the port follows the last colon.
void append_endpoint(const IpAddress& address, std::uint64_t port, std::string& out) {
    address.append_text(out);
    out += ':';
    append_number(port, out);
}

/// h2,http/1.1 becomes "h2","http/1.1", cut wherever the limit falls.
void append_alpn_list(const std::optional<std::string>& list, std::string& out) {
    if (!list || list->empty()) {
        out += '-';
        return;
    }
    const std::size_t begin = out.size();
    std::string_view left = *list;
    while (true) {
        const std::size_t comma = left.find(',');
        out += '"';
        append_text(left.substr(0, comma), out);
        out += '"';
        if (comma == std::string_view::npos || out.size() - begin > kLongestAlpnList) break;
        left.remove_prefix(comma + 1);
        out += ',';
    }
    out.resize(begin + std::min(out.size() - begin, kLongestAlpnList));
}

} // namespace

std::string url_encoded(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        if (is_unreserved(c))
            out += c;
        else
            append_encoded(c, out);
    }
    return out;
}

void EntryWriter::append_moment(std::uint64_t unix_ms, std::string& out) {
    constexpr std::uint64_t kLatest = 253'402'300'799; // 9999-12-31T23:59:59: four digits of a year
    const auto second = static_cast<std::int64_t>(std::min(unix_ms / 1000, kLatest));
    if (second != second_) {
        second_ = second;
        second_text_.clear();
        accesslog::append_time(second, second_text_);
    }
    out += second_text_;
}

void EntryWriter::append(const contract::TlsConnection& c, std::string& out) {
    out += "tls 2.0 ";
    append_moment(c.time_ms, out);
    out += ' ';
    append_field(c.elb.value, out);
    append_field(resource_id(c.listener.value), out);
    append_endpoint(c.client_address, c.client_port, out);
    append_endpoint(c.destination_address, c.destination_port, out);
    append_number(c.connection_time_ms, out);
    append_number(c.tls_handshake_time_ms, out);
    append_number(c.received_bytes, out);
    append_number(c.sent_bytes, out);
    append_number(c.incoming_tls_alert, out);
    append_optional(c.chosen_cert_arn, out);
    out += "- "; // chosen_cert_serial: reserved [p.82]
    append_optional(c.tls_cipher, out);
    append_optional(c.tls_protocol_version, out);
    if (form_ == Form::Current)
        append_optional(c.tls_named_group, out);
    else
        append_field("", out);
    append_optional(c.domain_name, out);
    append_optional(c.alpn_fe_protocol, out);
    append_optional(c.alpn_be_protocol, out);
    append_alpn_list(c.alpn_client_preference_list, out);
    if (form_ == Form::Current) {
        out += ' ';
        append_moment(c.tls_connection_creation_time_ms, out);
    }
    out += '\n';
}

} // namespace nlb::accesslog
