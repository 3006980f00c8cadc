// SPDX-License-Identifier: Apache-2.0
// The oracle of lib/route/evaluate: who may take new flows from a node, whose connections end, and
// which zones DNS answers, written from the rules of the guide as sets of names, without a look at
// the library. [AWS guide p.20, p.42, p.45, p.51, p.55-58]
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nlb::support {

struct SlowTarget {
    std::string name;
    std::string zone;  ///< "*": every enabled zone
    std::string state; ///< what its checks say
    bool is_deregistered = false;
    bool delay_is_over = false; ///< and connections are to be terminated
};

struct SlowGroup {
    std::vector<std::string> enabled_zones;
    std::vector<SlowTarget> targets;
    bool cross_zone = false;
    std::uint64_t minimum_count = 1;
    std::optional<std::uint64_t> minimum_percentage;
    std::optional<std::uint64_t> dns_count{};
    std::optional<std::uint64_t> dns_percentage{};
    std::string shifted_zone{};
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
        if (!target.is_deregistered && among.contains(target.name) && states.contains(target.state))
            found.insert(target.name);
    }
    return found;
}

inline const Names kRegistered{"initial", "healthy", "unhealthy", "unavailable", "unused"};

inline Names slow_healthy_anywhere(const SlowGroup& group) {
    Names healthy;
    for (const std::string& zone : group.enabled_zones) {
        for (const std::string& name :
             slow_with_state(group, slow_in_reach(group, zone), {"healthy"}))
            healthy.insert(name);
    }
    return healthy;
}

inline bool slow_is_short(const SlowGroup& group, const Names& reach, std::uint64_t count,
                          const std::optional<std::uint64_t>& percentage) {
    const std::size_t healthy = slow_with_state(group, reach, {"healthy"}).size();
    const std::size_t total = slow_with_state(group, reach, kRegistered).size();
    if (healthy < count) return true;
    if (!percentage || total == 0) return false;
    const double share = 100.0 * static_cast<double>(healthy) / static_cast<double>(total);
    return share < static_cast<double>(*percentage);
}

/// The targets that take new flows from the node in zone `node`.
inline Names slow_eligible(const SlowGroup& group, const std::string& node) {
    if (node == group.shifted_zone) return {};
    const Names reach = slow_in_reach(group, node);
    const bool everyone =
        slow_healthy_anywhere(group).empty() ||
        slow_is_short(group, reach, group.minimum_count, group.minimum_percentage);
    return everyone
               ? slow_with_state(group, reach, {"initial", "healthy", "unhealthy", "unavailable"})
               : slow_with_state(group, reach, {"healthy"});
}

/// The targets whose connections are reset because they are deregistered.
inline Names slow_terminated(const SlowGroup& group) {
    Names found;
    for (const SlowTarget& target : group.targets) {
        if (!target.is_deregistered) continue;
        const bool lost = target.state == "unhealthy" && !slow_healthy_anywhere(group).empty();
        if (target.delay_is_over || lost) found.insert(target.name);
    }
    return found;
}

/// The zones DNS answers, when the group is the only one.
inline Names slow_zones_in_dns(const SlowGroup& group) {
    Names good;
    Names kept;
    for (const std::string& zone : group.enabled_zones) {
        if (zone == group.shifted_zone) continue;
        kept.insert(zone);
        if (!slow_is_short(group, slow_in_reach(group, zone), group.dns_count.value_or(1),
                           group.dns_percentage))
            good.insert(zone);
    }
    return good.empty() ? kept : good;
}

} // namespace nlb::support
