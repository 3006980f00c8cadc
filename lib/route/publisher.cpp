// SPDX-License-Identifier: Apache-2.0
#include "route/publisher.hpp"

#include "route/shift.hpp"

#include <utility>

namespace nlb::route {

using model::RouteReason;
using model::TargetGroupId;

namespace {

const model::TargetGroup* find_group(const model::Configuration& configuration,
                                     const TargetGroupId& id) {
    for (const model::TargetGroup& group : configuration.target_groups) {
        if (group.id == id) return &group;
    }
    return nullptr;
}

std::set<model::TargetId> keys_of(const model::TargetGroup& group) {
    std::set<model::TargetId> keys;
    for (const model::Target& target : group.targets)
        keys.insert(target.key());
    return keys;
}

} // namespace

Publisher::Publisher(model::Configuration configuration)
    : configuration_(std::move(configuration)) {
    build();
    Published published;
    for (auto& [id, group] : groups_)
        evaluate_group(group, published);
}

void Publisher::build() {
    health_.register_targets(configuration_, running_.deregistered);
    order_.clear();
    groups_.clear();
    for (GroupUse& use : groups_in_use(configuration_)) {
        order_.push_back(use.group->id);
        groups_[use.group->id].use = std::move(use);
    }
    connect_state();
}

/// Tells each group what drains and what is shifted.
void Publisher::connect_state() {
    for (auto& [id, group] : groups_) {
        const auto gone = running_.deregistered.find(id);
        group.use.deregistered = gone == running_.deregistered.end() ? nullptr : &gone->second;
        group.use.unhealthy_draining = &unhealthy_[id];
        group.use.shifted_zone = {};
        for (const ZonalShift& shift : running_.shifts) {
            if (shift.load_balancer == group.use.load_balancer->id)
                group.use.shifted_zone = shift.zone;
        }
    }
}

void Publisher::evaluate_group(Group& group, Published& published) {
    const TargetGroupId& id = group.use.group->id;
    const GroupRoutes routes = evaluate(group.use, health_.of(id));
    for (const NodeRoutes& node : routes.nodes) {
        const auto [known, added] = group.modes.try_emplace(node.zone->name, node.mode);
        const RouteReason before = std::exchange(known->second, node.mode);
        if (added || before == node.mode) continue;
        published.modes.push_back(
            {id, node.zone->name, before, node.mode, node.healthy, node.registered});
    }
    std::vector<contract::Message> lines = route::route_lines(routes);
    if (lines != group.route_lines) {
        group.route_lines = std::move(lines);
        published.route_sets.push_back(id);
    }
    lines = route::target_lines(group.use);
    if (lines != group.target_lines) {
        group.target_lines = std::move(lines);
        published.target_sets.push_back(id);
    }
}

Published Publisher::reload(model::Configuration configuration, WallTime now) {
    const std::map<TargetGroupId, Group> before = std::exchange(groups_, {});
    const model::Configuration old = std::exchange(configuration_, std::move(configuration));
    deregister_missing(old, now);
    build();
    touched_.clear();
    Published published;
    for (const TargetGroupId& id : order_) {
        Group& group = groups_[id];
        const auto known = before.find(id);
        if (known != before.end()) {
            group.modes = known->second.modes;
            group.route_lines = known->second.route_lines;
            group.target_lines = known->second.target_lines;
        }
        drain_unhealthy(group, now);
        evaluate_group(group, published);
    }
    std::erase_if(unhealthy_, [&](const auto& one) { return !groups_.contains(one.first); });
    for (const auto& [id, group] : before) {
        if (groups_.contains(id)) continue;
        published.route_sets.push_back(id);
        published.target_sets.push_back(id);
    }
    if (!published.route_sets.empty() || !published.target_sets.empty()) ++generation_;
    return published;
}

void Publisher::deregister_missing(const model::Configuration& before, WallTime now) {
    for (const model::TargetGroup& old : before.target_groups) {
        const model::TargetGroup* group = find_group(configuration_, old.id);
        if (group == nullptr) continue;
        const auto registered = keys_of(*group);
        const auto& attributes = group->attributes;
        for (const model::Target& target : old.targets) {
            if (registered.contains(target.key())) continue;
            running_.deregistered[old.id].push_back(
                {target, now.after_seconds(attributes.deregistration_delay_timeout_seconds),
                 attributes.deregistration_delay_connection_termination_enabled, false});
        }
    }
    forget_registered();
    tick(now);
}

/// What is registered again drains no longer; a group that is gone has nobody to tell.
void Publisher::forget_registered() {
    for (auto& [id, list] : running_.deregistered) {
        const model::TargetGroup* group = find_group(configuration_, id);
        const auto registered = group == nullptr ? std::set<model::TargetId>{} : keys_of(*group);
        std::erase_if(list, [&](const Deregistration& gone) {
            return group == nullptr || registered.contains(gone.target.key());
        });
    }
    std::erase_if(running_.deregistered, [](const auto& entry) { return entry.second.empty(); });
    std::erase_if(running_.shifts, [this](const ZonalShift& shift) {
        return !shift_objection(configuration_, shift).empty();
    });
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

Published Publisher::publish(WallTime now) {
    Published published;
    for (const TargetGroupId& id : std::exchange(touched_, {})) {
        const auto group = groups_.find(id);
        if (group == groups_.end()) continue;
        drain_unhealthy(group->second, now);
        evaluate_group(group->second, published);
    }
    if (!published.route_sets.empty() || !published.target_sets.empty()) ++generation_;
    return published;
}

std::vector<TargetGroupId> Publisher::scopes() const {
    return order_;
}

RouteSet Publisher::routes() const {
    RouteSet set;
    for (const TargetGroupId& id : order_)
        set.groups.push_back(evaluate(groups_.at(id).use, health_.of(id)));
    return set;
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
