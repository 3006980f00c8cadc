// SPDX-License-Identifier: Apache-2.0
#include "proxy/evidence.hpp"

namespace nlb::proxy {

std::optional<Sign> sign_of(End why, std::uint64_t target_bytes) {
    switch (why) {
    case End::TargetRefused:
    case End::TargetUnreachable: return Sign::Refused;
    case End::TargetTimeout: return Sign::Silent;
    case End::TargetReset: return target_bytes == 0 ? std::optional(Sign::Reset) : std::nullopt;
    default: return std::nullopt;
    }
}

void count(std::span<const TargetSign> signs, contract::Evidence& evidence) {
    for (const TargetSign& one : signs) {
        const ListenerInfo& listener = *one.label->listener;
        if (one.label->target.value.empty()) continue;
        evidence.count(listener.group, one.label->target, listener.zone, one.sign);
    }
}

} // namespace nlb::proxy
