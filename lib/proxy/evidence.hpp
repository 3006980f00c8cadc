// SPDX-License-Identifier: Apache-2.0
// What connections show of targets that are not well. [p.51: passive health checks]
#pragma once

#include "proxy/routing.hpp"
#include "proxy/session.hpp"

#include "contract/evidence.hpp"

#include <memory>
#include <optional>
#include <span>

namespace nlb::proxy {

using contract::Sign;

/// What the end of a connection shows; `target_bytes` came from the target before. Nothing when it
/// was not the target's doing.
std::optional<Sign> sign_of(End why, std::uint64_t target_bytes);

struct TargetSign {
    std::shared_ptr<const FlowLabel> label;
    Sign sign = Sign::Refused;
};

/// Those of connections that have a target.
void count(std::span<const TargetSign> signs, contract::Evidence& evidence);

} // namespace nlb::proxy
