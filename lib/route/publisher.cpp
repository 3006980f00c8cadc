// SPDX-License-Identifier: Apache-2.0
#include "route/publisher.hpp"

namespace nlb::route {

using model::RouteReason;
using model::TargetGroupId;

Publisher::Publisher(model::Configuration configuration)
    : configuration_(std::move(configuration)) {
    build();
    std::vector<ModeChange> modes;
    for (auto& [id, group] : groups_)
        evaluate_group(group, modes);
}

void Publisher::build() {
    health_.register_targets(configuration_);
    order_.clear();
    groups_.clear();
    for (GroupUse& use : groups_in_use(configuration_)) {
        order_.push_back(use.group->id);
        Group& group = groups_[use.group->id];
        group.use = std::move(use);
        group.target_lines = target_lines(group.use);
    }
}

bool Publisher::evaluate_group(Group& group, std::vector<ModeChange>& modes) {
    const GroupRoutes routes = evaluate(group.use, health_.of(group.use.group->id));
    for (const NodeRoutes& node : routes.nodes) {
        const auto [known, added] = group.modes.try_emplace(node.zone->name, node.mode);
        const RouteReason before = std::exchange(known->second, node.mode);
        if (added || before == node.mode) continue;
        modes.push_back({group.use.group->id, node.zone->name, before, node.mode, node.healthy,
                         node.registered});
    }
    std::vector<contract::Message> lines = route::route_lines(routes);
    if (lines == group.route_lines) return false;
    group.route_lines = std::move(lines);
    return true;
}

Published Publisher::reload(model::Configuration configuration) {
    const std::map<TargetGroupId, Group> before = std::exchange(groups_, {});
    configuration_ = std::move(configuration);
    build();
    touched_.clear();
    Published published;
    for (const TargetGroupId& id : order_) {
        Group& group = groups_[id];
        const auto old = before.find(id);
        if (old != before.end()) {
            group.modes = old->second.modes;
            group.route_lines = old->second.route_lines;
        }
        if (evaluate_group(group, published.modes)) published.route_sets.push_back(id);
        if (old == before.end() || old->second.target_lines != group.target_lines) {
            published.target_sets.push_back(id);
        }
    }
    for (const auto& [id, group] : before) {
        if (groups_.contains(id)) continue;
        published.route_sets.push_back(id);
        published.target_sets.push_back(id);
    }
    if (!published.route_sets.empty() || !published.target_sets.empty()) ++generation_;
    return published;
}

std::optional<HealthChange> Publisher::take(const contract::TargetHealth& line,
                                            std::string_view reporter) {
    auto change = health_.take(line, reporter);
    if (change) touched_.insert(change->group);
    return change;
}

std::vector<HealthChange> Publisher::take(const contract::Set& set, std::string_view reporter) {
    auto changes = health_.take(set, reporter);
    if (!changes.empty()) touched_.insert(set.scope);
    return changes;
}

Published Publisher::publish() {
    Published published;
    for (const TargetGroupId& id : std::exchange(touched_, {})) {
        const auto group = groups_.find(id);
        if (group == groups_.end()) continue;
        if (evaluate_group(group->second, published.modes)) published.route_sets.push_back(id);
    }
    if (!published.route_sets.empty()) ++generation_;
    return published;
}

std::vector<TargetGroupId> Publisher::scopes() const {
    return order_;
}

std::vector<TargetGroupId> Publisher::everything() const {
    return order_.empty() ? std::vector<TargetGroupId>(1) : order_;
}

template <class LinesOf>
std::vector<contract::Set> Publisher::chain(contract::SetKind kind,
                                            const std::vector<TargetGroupId>& scopes,
                                            LinesOf&& lines_of) const {
    std::vector<contract::Set> sets;
    for (const TargetGroupId& scope : scopes) {
        contract::Set set{kind, scope, generation_, true, {}};
        const auto group = groups_.find(scope);
        if (group != groups_.end()) set.lines = lines_of(group->second);
        sets.push_back(std::move(set));
    }
    if (!sets.empty()) sets.back().more = false;
    return sets;
}

std::vector<contract::Set> Publisher::route_sets(const std::vector<TargetGroupId>& scopes) const {
    return chain(contract::SetKind::RouteSet, scopes,
                 [](const Group& group) { return group.route_lines; });
}

std::vector<contract::Set> Publisher::target_sets(const std::vector<TargetGroupId>& scopes,
                                                  const model::ZoneName& zone) const {
    return chain(contract::SetKind::TargetSet, scopes,
                 [&](const Group& group) { return target_lines(group.use, zone); });
}

} // namespace nlb::route
