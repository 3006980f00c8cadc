// SPDX-License-Identifier: Apache-2.0
// What connections show of targets that are not well, added up between two tellings. The kernel
// datapath tells the same of its flows. [p.51: passive health checks]
#pragma once

#include "proxy/routing.hpp"
#include "proxy/session.hpp"

#include "contract/messages.hpp"

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

namespace nlb::proxy {

enum class Sign : std::uint8_t { Refused, Reset, Silent };

/// What the end of a connection shows; `target_bytes` came from the target before. Nothing when it
/// was not the target's doing.
std::optional<Sign> sign_of(End why, std::uint64_t target_bytes);

struct TargetSign {
    std::shared_ptr<const FlowLabel> label;
    Sign sign = Sign::Refused;
};

class Evidence {
  public:
    void take(std::span<const TargetSign> signs);

    [[nodiscard]] bool empty() const { return counts_.empty(); }

    /// And begins anew.
    std::vector<contract::TargetEvidence> drain();

  private:
    using Whose = std::tuple<std::string, std::string, std::string, Sign>;

    std::map<Whose, std::uint64_t> counts_; // group, target, zone, sign
};

} // namespace nlb::proxy

namespace nlb {

template <>
struct EnumText<proxy::Sign> {
    static constexpr std::array<std::string_view, 3> names{"refused", "reset", "silent"};
};

} // namespace nlb
