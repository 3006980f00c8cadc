// SPDX-License-Identifier: Apache-2.0
// How traffic shows that a target is not well, added up between two tellings: one vocabulary for
// every datapath, for captures and for whoever weighs it. [p.51: passive health checks]
#pragma once

#include "contract/messages.hpp"

#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace nlb::contract {

/// It refused a connection, reset one before any data, or never answered.
enum class Sign : std::uint8_t { Refused, Reset, Silent };

class Evidence {
  public:
    void count(const model::TargetGroupId& group, const model::TargetId& target,
               const std::string& zone, Sign sign);

    [[nodiscard]] bool empty() const { return counts_.empty(); }

    /// And begins anew.
    std::vector<TargetEvidence> drain();

  private:
    using Whose = std::tuple<std::string, std::string, std::string, Sign>;

    std::map<Whose, std::uint64_t> counts_; // group, target, zone, sign
};

} // namespace nlb::contract

namespace nlb {

template <>
struct EnumText<contract::Sign> {
    static constexpr std::array<std::string_view, 3> names{"refused", "reset", "silent"};
};

} // namespace nlb
