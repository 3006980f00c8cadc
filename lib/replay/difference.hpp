// SPDX-License-Identifier: Apache-2.0
// What another configuration does to the same traffic: the verdict lines of an earlier replay held
// against those of this one, packet by packet.
#pragma once

#include "base/result.hpp"
#include "contract/verdict.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace nlb::replay {

class Difference {
  public:
    /// Takes the two lines of a packet, without newlines, and appends a line to `out` when its
    /// flow, for the first time since it was opened, goes elsewhere ("moved"), is served now and
    /// was not ("appears") or is not served any more ("breaks"). Packets of targets only count.
    /// Errors: Data, when `old_line` is no verdict line or not of this packet.
    Result<void> take(std::string_view old_line, std::string_view new_line, std::string& out);

    [[nodiscard]] bool any() const { return different_ > 0; }

    /// The last line: how many packets and flows differ.
    void append_summary(std::string& out) const;

  private:
    void compare(const contract::VerdictLine& before, const contract::VerdictLine& after,
                 std::string& out);
    void note(const contract::VerdictLine& before, const contract::VerdictLine& after,
              std::string& out);

    contract::VerdictReader before_reader_;
    contract::VerdictReader after_reader_;
    std::unordered_map<std::string, unsigned> told_; ///< changes told of a flow, by its ends
    std::uint64_t packets_ = 0;
    std::uint64_t different_ = 0;
    std::uint64_t flows_[3] = {}; ///< changes told, by kind
};

} // namespace nlb::replay
