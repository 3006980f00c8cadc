// SPDX-License-Identifier: Apache-2.0
// Access log entries as text, to the byte. [AWS: Access log entries, p.81-83]
#pragma once

#include "contract/messages.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace nlb::accesslog {

enum class Form : std::uint8_t {
    Current, ///< 22 fields: ends with tls_connection_creation_time
    Strict,  ///< the 21 fields of the guide of 2023, tls_named_group always "-"
};

/// The list of a client's protocols is cut after this many bytes [p.83].
constexpr std::size_t kLongestAlpnList = 256;

/// Percent-encodes every byte that is neither unreserved [RFC 3986 2.3] nor "/", which the log
/// leaves as it is in http/1.1.
std::string url_encoded(std::string_view bytes);

/// Writes entries; remembers the text of the last second it wrote, as entries come in order.
class EntryWriter {
  public:
    explicit EntryWriter(Form form) : form_(form) {}

    /// Appends the entry with its newline. A text of the message that holds bytes which would end a
    /// field is percent-encoded there; an empty one is "-".
    void append(const contract::TlsConnection& connection, std::string& out);

  private:
    void append_moment(std::uint64_t unix_ms, std::string& out);

    Form form_;
    std::int64_t second_ = -1;
    std::string second_text_;
};

} // namespace nlb::accesslog
