// SPDX-License-Identifier: Apache-2.0
// Which HTTP status codes pass a health check. [p.52: codes from 200 to 599, as a list of codes
// and ranges: "200", "200,202", "200-299"]
#pragma once

#include "base/result.hpp"

#include <bitset>
#include <string>
#include <string_view>

namespace nlb::health {

class Matcher {
  public:
    static constexpr unsigned kFirstCode = 200;
    static constexpr unsigned kLastCode = 599;
    static constexpr std::string_view kDefault = "200-399"; // [p.52]

    /// Errors: Data, naming the part that is no code and no range.
    static Result<Matcher> parse(std::string_view text);

    [[nodiscard]] bool passes(unsigned code) const {
        return code >= kFirstCode && code <= kLastCode && codes_[code - kFirstCode];
    }

    /// As it was written.
    [[nodiscard]] const std::string& text() const { return text_; }

    bool operator==(const Matcher& o) const { return codes_ == o.codes_; }

  private:
    std::bitset<kLastCode - kFirstCode + 1> codes_;
    std::string text_;
};

} // namespace nlb::health
