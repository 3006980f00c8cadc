// SPDX-License-Identifier: Apache-2.0
// The grammar of alpn_client_preference_list: URL-encoded names in double quotes with commas
// between them, or "-". A space may follow a comma. A list longer than 256 bytes is cut there, so
// its last name may lack the closing quote, and a comma or an opening quote may be its last byte.
// It is no CSV field, and no shell word. [AWS: NLB user guide, Access log entries]
#pragma once

#include <cstddef>
#include <string_view>

namespace nlb::accesslog {

/// How many bytes at the beginning of `text` are the list; up to the next space or the end when
/// `text` does not begin with a quote.
std::size_t alpn_list_length(std::string_view text);

/// Walks through the names of one list.
class AlpnNames {
  public:
    explicit AlpnNames(std::string_view list) : rest_(list) {}

    /// The next name without quotes, still URL-encoded; false when there is none. A name that was
    /// cut is the last one, as far as it goes.
    bool next(std::string_view& name);

  private:
    std::string_view rest_;
};

} // namespace nlb::accesslog
