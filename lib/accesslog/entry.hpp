// SPDX-License-Identifier: Apache-2.0
// One line of an access log as its fields. Lines of 18, 21, 22 and more fields are entries: new
// fields come at the end, and what is not known there is kept. Nothing is copied.
#pragma once

#include "accesslog/fields.hpp"

#include <array>
#include <optional>
#include <string_view>

namespace nlb::accesslog {

/// Why a line is no entry.
enum class Problem : std::uint8_t {
    None,
    NotTls,        ///< it does not begin with "tls " (such as the control message of a new bucket)
    TooFewFields,  ///< less than 18
    EmptyField,    ///< two spaces in a row, or one at an end
    BadTime,       ///< a time that is none
    BadNumber,     ///< a number that is none, or above 2^63-1
    BadAddress,    ///< no colon, or an address or port that is none
    BadTlsVersion, ///< a protocol version without a number
};

/// "less than 18 fields"
std::string_view to_text(Problem problem);

struct Entry {
    std::array<std::string_view, kFieldCount> fields; ///< empty: the line has no such field
    std::string_view extra; ///< what follows the last known field, without the space

    /// The value; nothing when the field is absent from the line, or "-".
    [[nodiscard]] std::optional<std::string_view> operator[](Field field) const {
        const std::string_view text = fields[position(field)];
        if (text.empty() || text == kAbsent) return std::nullopt;
        return text;
    }
};

/// Splits a line, without its line feed; a carriage return at its end does not count. `entry`
/// points into `line`. Never BadTime and the like: see check().
Problem split(std::string_view line, Entry& entry);

/// Whether `text`, a value that is not absent, is one of `kind`.
Problem check(Kind kind, std::string_view text);

/// Whether every value of `entry` is of its field's kind.
Problem check(const Entry& entry);

/// ADDRESS and PORT of "ADDRESS:PORT", split at the last colon; nothing without one.
struct AddressText {
    std::string_view address;
    std::string_view port;
};

std::optional<AddressText> split_address(std::string_view text);

/// A decimal number, digits only, at most 2^63-1.
std::optional<std::int64_t> parse_number(std::string_view text);

} // namespace nlb::accesslog
