// SPDX-License-Identifier: Apache-2.0
#include "model/configuration.hpp"

#include <algorithm>

namespace nlb::model {

const TargetGroup* Configuration::find_group(const TargetGroupName& name) const {
    const auto it = std::find_if(target_groups.begin(), target_groups.end(),
                                 [&](const TargetGroup& g) { return g.name == name; });
    return it == target_groups.end() ? nullptr : &*it;
}

} // namespace nlb::model
