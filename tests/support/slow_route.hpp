// SPDX-License-Identifier: Apache-2.0
// The oracle of lib/route/evaluate: who may take new flows from a node, written from the rules of
// the guide as sets of names, without a look at the library. [AWS guide p.42, p.51, p.55-58]
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nlb::support {

struct SlowTarget {
    std::string name;
    std::string zone; ///< "*": every enabled zone
    std::string state;
};

struct SlowGroup {
    std::vector<std::string> enabled_zones;
    std::vector<SlowTarget> targets;
    bool cross_zone = false;
    std::uint64_t minimum_count = 1;
    std::optional<std::uint64_t> minimum_percentage;
};

using Names = std::set<std::string>;

inline Names slow_in_reach(const SlowGroup& group, const std::string& node) {
    Names reach;
    for (const SlowTarget& target : group.targets) {
        for (const std::string& zone : group.enabled_zones) {
            const bool there = target.zone == "*" || target.zone == zone;
            if (there && (group.cross_zone || zone == node)) reach.insert(target.name);
        }
    }
    return reach;
}

inline Names slow_with_state(const SlowGroup& group, const Names& among, const Names& states) {
    Names found;
    for (const SlowTarget& target : group.targets) {
        if (among.contains(target.name) && states.contains(target.state)) found.insert(target.name);
    }
    return found;
}

/// The targets that take new flows from the node in zone `node`.
inline Names slow_eligible(const SlowGroup& group, const std::string& node) {
    const Names in_service{"initial", "healthy", "unhealthy", "unavailable"};
    const Names registered{"initial", "healthy", "unhealthy", "unavailable", "unused"};
    const Names reach = slow_in_reach(group, node);
    const Names healthy = slow_with_state(group, reach, {"healthy"});
    const std::size_t total = slow_with_state(group, reach, registered).size();
    Names healthy_anywhere;
    for (const std::string& zone : group.enabled_zones) {
        for (const std::string& name :
             slow_with_state(group, slow_in_reach(group, zone), {"healthy"}))
            healthy_anywhere.insert(name);
    }
    bool everyone = healthy_anywhere.empty();
    if (healthy.size() < group.minimum_count) everyone = true;
    if (group.minimum_percentage && total > 0) {
        const double share =
            100.0 * static_cast<double>(healthy.size()) / static_cast<double>(total);
        if (share < static_cast<double>(*group.minimum_percentage)) everyone = true;
    }
    return everyone ? slow_with_state(group, reach, in_service) : healthy;
}

} // namespace nlb::support
