// SPDX-License-Identifier: Apache-2.0
#include "model/rules.hpp"

#include "base/text.hpp"
#include "model/rule_context.hpp"

#include <algorithm>

namespace nlb::model {

namespace {

constexpr std::size_t kMostFindings = 1200;

void note(std::vector<Violation>& list, Violation violation) {
    if (list.size() < kMostFindings) list.push_back(std::move(violation));
}

} // namespace

RuleContext::RuleContext(const Configuration& c) : configuration(c) {
    users_.resize(c.target_groups.size());
    for (std::size_t i = 0; i < c.target_groups.size(); ++i) {
        group_index_.emplace(c.target_groups[i].name, i);
    }
    for (std::size_t i = 0; i < c.load_balancers.size(); ++i) {
        for (const std::size_t group : groups_of(c.load_balancers[i]))
            users_[group].insert(i);
    }
}

void RuleContext::error(Path path, std::string allowed, std::vector<Path> also) {
    note(findings.errors, {std::move(path), std::move(allowed), std::move(also)});
}

void RuleContext::warning(Path path, std::string allowed, std::vector<Path> also) {
    note(findings.warnings, {std::move(path), std::move(allowed), std::move(also)});
}

std::optional<std::size_t> RuleContext::group_index(const TargetGroupName& name) const {
    const auto it = group_index_.find(name);
    return it == group_index_.end() ? std::nullopt : std::optional(it->second);
}

const std::set<std::size_t>& RuleContext::users(std::size_t group) const {
    return users_[group];
}

std::set<std::size_t> RuleContext::groups_of(const LoadBalancer& balancer) const {
    std::set<std::size_t> groups;
    for (const auto& listener : balancer.listeners) {
        if (const auto index = group_index(listener.target_group)) groups.insert(*index);
    }
    return groups;
}

bool RuleContext::in_vpc(const IpAddress& address) const {
    return contains(configuration.vpc.cidrs, address);
}

bool RuleContext::is_full() const {
    return findings.errors.size() >= kMostFindings;
}

bool RuleContext::owns(std::size_t balancer, std::size_t group) const {
    return !users_[group].empty() && *users_[group].begin() == balancer;
}

std::string RuleContext::guess(std::string_view word,
                               std::span<const std::string_view> known) const {
    if (is_full()) return "";
    const auto near = nearest(word, known);
    return near ? "; did you mean " + in_quotes(*near) + "?" : "";
}

bool contains(const std::vector<Cidr>& blocks, const IpAddress& address) {
    return std::any_of(blocks.begin(), blocks.end(),
                       [&](const Cidr& block) { return block.contains(address); });
}

Findings check(const Configuration& configuration) {
    RuleContext context(configuration);
    check_region_names(context);
    check_balancers(context);
    check_zones(context);
    check_listeners(context);
    check_groups(context);
    check_group_attributes(context);
    check_health_checks(context);
    check_targets(context);
    check_inventory(context);
    check_clashes(context);
    check_ids(context);
    check_quotas(context);
    advise(context);
    return std::move(context.findings);
}

} // namespace nlb::model
