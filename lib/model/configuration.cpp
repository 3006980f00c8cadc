// SPDX-License-Identifier: Apache-2.0
#include "model/configuration.hpp"

#include <algorithm>

namespace nlb::model {

const TargetGroup* Configuration::find_group(const TargetGroupName& name) const {
    const auto it = std::find_if(target_groups.begin(), target_groups.end(),
                                 [&](const TargetGroup& g) { return g.name == name; });
    return it == target_groups.end() ? nullptr : &*it;
}

bool Configuration::has_zone(const ZoneName& name) const {
    return std::any_of(load_balancers.begin(), load_balancers.end(), [&](const LoadBalancer& one) {
        return std::any_of(one.zones.begin(), one.zones.end(),
                           [&](const Zone& zone) { return zone.name == name; });
    });
}

} // namespace nlb::model
