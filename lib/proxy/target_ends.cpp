// SPDX-License-Identifier: Apache-2.0
#include "proxy/target_ends.hpp"

#include "tables/resets.hpp"

#include "l4/l4_abi.h"

#include <utility>

namespace nlb::proxy {

namespace {

/// Of two reasons the one that the packet path gives.
End end_by(std::uint16_t flags) {
    if ((flags & NLB_TARGET_UNHEALTHY) != 0) return End::TargetUnhealthy;
    return (flags & NLB_TARGET_TERMINATED) != 0 ? End::TargetDeregistered : End::None;
}

} // namespace

End TargetEnds::of(const FlowLabel& label) const {
    const auto it = ends_.find({label.listener->group, label.target, label.endpoint});
    return it == ends_.end() ? End::None : it->second;
}

End TargetEnds::of_datagrams(const FlowLabel& label) const {
    const End end = of(label);
    if (end != End::None) return end;
    const bool is_gone = gone_.contains({label.listener->group, label.target, label.endpoint});
    return is_gone ? End::TargetDeregistered : End::None;
}

void TargetResets::replace(const model::TargetGroupId& group,
                           std::span<const contract::Route* const> routes) {
    const auto key_of = [&](const contract::Route& route) {
        const Endpoint at{route.address, static_cast<std::uint16_t>(route.port)};
        return TargetEnds::Key{group, route.target, at};
    };
    std::set<TargetEnds::Key> open; // some node sends it new flows
    std::set<TargetEnds::Key> all;
    for (const contract::Route* route : routes) {
        if (route->eligible) open.insert(key_of(*route));
        all.insert(key_of(*route));
    }
    register_those_of(group, std::move(all));
    std::map<TargetEnds::Key, End> ends;
    for (const contract::Route* route : routes) {
        const TargetEnds::Key key = key_of(*route);
        const End end = end_by(tables::reset_flags_of(*route, open.contains(key)));
        if (end != End::None) ends.insert_or_assign(key, end);
    }
    const auto& before = now_[group];
    for (const auto& [key, end] : ends) {
        if (!before.contains(key)) fresh_.insert_or_assign(key, end);
    }
    std::erase_if(fresh_, [&](const auto& one) {
        return std::get<0>(one.first) == group && !ends.contains(one.first);
    });
    if (ends.empty()) {
        now_.erase(group);
    } else {
        now_[group] = std::move(ends);
    }
}

void TargetResets::register_those_of(const model::TargetGroupId& group,
                                     std::set<TargetEnds::Key> targets) {
    for (const TargetEnds::Key& key : targets)
        gone_.erase(key);
    for (const TargetEnds::Key& key : registered_[group]) {
        if (!targets.contains(key)) gone_.insert(key);
    }
    if (targets.empty()) {
        registered_.erase(group);
    } else {
        registered_[group] = std::move(targets);
    }
}

void TargetResets::keep_only(const std::set<model::TargetGroupId>& groups) {
    std::erase_if(now_, [&](const auto& one) { return !groups.contains(one.first); });
    std::erase_if(registered_, [&](const auto& one) {
        if (groups.contains(one.first)) return false;
        gone_.insert(one.second.begin(), one.second.end());
        return true;
    });
}

std::shared_ptr<const TargetEnds> TargetResets::take() {
    if (fresh_.empty() && gone_.empty()) return nullptr;
    return std::make_shared<const TargetEnds>(std::exchange(fresh_, {}), std::exchange(gone_, {}));
}

} // namespace nlb::proxy
