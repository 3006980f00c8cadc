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

void Evidence::take(std::span<const TargetSign> signs) {
    for (const TargetSign& one : signs) {
        const ListenerInfo& listener = *one.label->listener;
        if (one.label->target.value.empty()) continue;
        ++counts_[{listener.group.value, one.label->target.value, listener.zone, one.sign}];
    }
}

std::vector<contract::TargetEvidence> Evidence::drain() {
    std::vector<contract::TargetEvidence> lines;
    for (const auto& [whose, count] : std::exchange(counts_, {})) {
        const auto& [group, target, zone, sign] = whose;
        lines.push_back({model::TargetGroupId{group}, model::TargetId{target}, zone,
                         std::string(to_text(sign)), count});
    }
    return lines;
}

} // namespace nlb::proxy
