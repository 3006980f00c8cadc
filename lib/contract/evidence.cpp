// SPDX-License-Identifier: Apache-2.0
#include "contract/evidence.hpp"

#include <utility>

namespace nlb::contract {

void Evidence::count(const model::TargetGroupId& group, const model::TargetId& target,
                     const std::string& zone, Sign sign) {
    ++counts_[{group.value, target.value, zone, sign}];
}

std::vector<TargetEvidence> Evidence::drain() {
    std::vector<TargetEvidence> lines;
    for (const auto& [whose, count] : std::exchange(counts_, {})) {
        const auto& [group, target, zone, sign] = whose;
        lines.push_back({model::TargetGroupId{group}, model::TargetId{target}, zone,
                         std::string(to_text(sign)), count});
    }
    return lines;
}

} // namespace nlb::contract
