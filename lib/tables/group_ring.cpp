// SPDX-License-Identifier: Apache-2.0
#include "tables/group_ring.hpp"

#include "route/lines.hpp"
#include "route/ring.hpp"

#include <algorithm>

namespace nlb::tables {

std::vector<const contract::Route*> members_of(Routes routes) {
    std::vector<const contract::Route*> members;
    std::copy_if(routes.begin(), routes.end(), std::back_inserter(members),
                 [](const contract::Route* route) { return route->eligible; });
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return a->target < b->target; });
    return members;
}

std::uint32_t ring_size_of(Routes routes) {
    const auto is_eligible = [](const contract::Route* route) { return route->eligible; };
    if (std::none_of(routes.begin(), routes.end(), is_eligible)) return 0;
    const auto is_registered = [](const contract::Route* route) {
        return route::is_registered(*route);
    };
    return route::ring_size(
        static_cast<std::size_t>(std::count_if(routes.begin(), routes.end(), is_registered)));
}

std::uint32_t weight_of(const contract::Route& route) {
    constexpr std::uint64_t kMost = 1000;
    return static_cast<std::uint32_t>(
        std::clamp<std::uint64_t>(route.weight.value_or(1), 1, kMost));
}

std::vector<std::uint32_t> slots_of(Routes members, std::uint32_t size) {
    if (members.empty()) return {};
    std::vector<route::Member> named;
    named.reserve(members.size());
    for (const contract::Route* route : members)
        named.push_back({route->target.value, weight_of(*route)});
    return route::build_ring(named, size).slots;
}

} // namespace nlb::tables
