// SPDX-License-Identifier: Apache-2.0
#include "merger.hpp"

#include "health/plan.hpp"

namespace nlb::policy {

namespace {

constexpr std::string_view kReporter = "consensus";

} // namespace

void Merger::expect(const std::vector<model::TargetGroupId>& scopes) {
    for (const contract::Set& set : publisher_.target_sets(scopes))
        consensus_.expect(set);
}

health::Voter Merger::voter(const contract::Hello& hello) {
    std::string name = hello.node.value_or("");
    if (hello.zone && !hello.zone->empty()) name += "/" + *hello.zone;
    if (name.empty()) name = hello.instance;
    return {std::move(name), hello.instance};
}

std::vector<route::HealthChange> Merger::take(const health::Voter& voter,
                                              const contract::TargetHealth& line, Nanos now) {
    return publish(consensus_.vote(voter, line, now));
}

std::vector<route::HealthChange> Merger::take(const health::Voter& voter, const contract::Set& set,
                                              Nanos now) {
    return publish(consensus_.vote(voter, set, now));
}

std::vector<route::HealthChange> Merger::heard(const health::Voter& voter, Nanos now) {
    return publish(consensus_.heard(voter.name, now));
}

std::vector<route::HealthChange> Merger::tick(Nanos now) {
    return publish(consensus_.tick(now));
}

std::vector<route::HealthChange>
Merger::publish(const std::vector<contract::TargetHealth>& decided) {
    std::vector<route::HealthChange> changes;
    for (const contract::TargetHealth& line : decided) {
        if (auto change = publisher_.take(line, kReporter)) changes.push_back(std::move(*change));
    }
    return changes;
}

contract::Set Merger::health_set(const model::TargetGroupId& group) const {
    contract::Set set{contract::SetKind::TargetHealth, group, publisher_.generation(), false, {}};
    for (const contract::Set& targets : publisher_.target_sets({group})) {
        for (const contract::Message& message : targets.lines) {
            const auto* target = std::get_if<contract::Target>(&message);
            if (target == nullptr) continue;
            set.lines.emplace_back(health_of(group, *target));
        }
    }
    return set;
}

contract::TargetHealth Merger::health_of(const model::TargetGroupId& group,
                                         const contract::Target& target) const {
    contract::TargetHealth line;
    line.group = group;
    line.target = target.target;
    line.state = model::HealthState::Initial;
    line.reason = model::HealthReason::ElbRegistrationInProgress;
    const auto* decided = consensus_.decision(group, target.target);
    if (decided != nullptr) line = *decided;
    if (target.state) {
        line.state = *target.state;
        line.reason = target.reason;
        line.description = target.description;
    }
    if (!line.description && line.reason)
        line.description = std::string(health::description_of(*line.reason));
    return line;
}

} // namespace nlb::policy
