// SPDX-License-Identifier: Apache-2.0
#include "route/health_view.hpp"

namespace nlb::route {

using model::HealthState;

namespace {

bool was_checked(const Health& health) {
    return health.state == HealthState::Healthy || health.state == HealthState::Unhealthy;
}

} // namespace

void HealthView::register_targets(
    const model::Configuration& configuration,
    const std::map<model::TargetGroupId, std::vector<Deregistration>>& deregistered) {
    std::map<model::TargetGroupId, Group> before = std::exchange(groups_, {});
    for (const model::TargetGroup& group : configuration.target_groups) {
        Group& now = groups_[group.id];
        for (const model::Target& target : group.targets)
            keep(target, before[group.id], now);
        const auto gone = deregistered.find(group.id);
        if (gone == deregistered.end()) continue;
        for (const Deregistration& one : gone->second)
            keep(one.target, before[group.id], now);
    }
}

void HealthView::keep(const model::Target& target, const Group& old, Group& now) {
    const model::TargetId id = target.key();
    Known& known = now.targets[id];
    known.address = target.address;
    const auto earlier = old.targets.find(id);
    if (earlier == old.targets.end() || earlier->second.address != target.address) return;
    known.reporter = earlier->second.reporter;
    const auto health = old.health.find(id);
    if (health != old.health.end()) now.health.insert(*health);
}

std::optional<HealthChange> HealthView::take(const contract::TargetHealth& line,
                                             std::string_view reporter) {
    const auto group = groups_.find(line.group);
    if (group == groups_.end()) {
        ++strangers_;
        return std::nullopt;
    }
    return set(group->second, line, reporter);
}

std::vector<HealthChange> HealthView::take(const contract::Set& set, std::string_view reporter) {
    std::vector<HealthChange> changes;
    const auto group = groups_.find(set.scope);
    if (group == groups_.end()) {
        ++strangers_;
        return changes;
    }
    std::set<model::TargetId> named;
    for (const contract::Message& message : set.lines) {
        const auto* line = std::get_if<contract::TargetHealth>(&message);
        if (line == nullptr || line->group != set.scope) continue;
        named.insert(line->target);
        if (auto change = this->set(group->second, *line, reporter)) {
            changes.push_back(std::move(*change));
        }
    }
    for (const auto& [target, known] : group->second.targets) {
        if (named.contains(target)) continue;
        if (auto change = forget(group->second, set.scope, target)) {
            changes.push_back(std::move(*change));
        }
    }
    return changes;
}

const GroupHealth& HealthView::of(const model::TargetGroupId& group) const {
    static const GroupHealth nothing;
    const auto it = groups_.find(group);
    return it == groups_.end() ? nothing : it->second.health;
}

std::optional<HealthChange> HealthView::set(Group& group, const contract::TargetHealth& line,
                                            std::string_view reporter) {
    const auto known = group.targets.find(line.target);
    if (known == group.targets.end()) {
        ++strangers_;
        return std::nullopt;
    }
    const Health after{line.state, line.reason.value_or(model::HealthReason::None)};
    Health& now = group.health[line.target];
    if (after.state == HealthState::Initial && was_checked(now) &&
        known->second.reporter != reporter) {
        return std::nullopt;
    }
    known->second.reporter = reporter;
    const Health before = std::exchange(now, after);
    if (before == after) return std::nullopt;
    return HealthChange{line.group, line.target, before, after, line.description.value_or("")};
}

std::optional<HealthChange> HealthView::forget(Group& group, const model::TargetGroupId& id,
                                               const model::TargetId& target) {
    const auto known = group.health.find(target);
    if (known == group.health.end()) return std::nullopt;
    const Health before = known->second;
    group.health.erase(known);
    if (before == Health{}) return std::nullopt;
    return HealthChange{id, target, before, {}, "the reporter left it out of its set"};
}

} // namespace nlb::route
