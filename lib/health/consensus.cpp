// SPDX-License-Identifier: Apache-2.0
#include "health/consensus.hpp"

#include <algorithm>

namespace nlb::health {

using contract::TargetHealth;
using model::HealthReason;
using model::HealthState;

namespace {

bool is_opinion(HealthState state) {
    return state == HealthState::Healthy || state == HealthState::Unhealthy;
}

/// As at registration [p.53].
TargetHealth unknown(const TargetHealth& of) {
    TargetHealth line;
    line.group = of.group;
    line.target = of.target;
    line.reason = HealthReason::ElbRegistrationInProgress;
    return line;
}

bool says_the_same(const TargetHealth& a, const TargetHealth& b) {
    return a.state == b.state && a.reason == b.reason && a.description == b.description;
}

} // namespace

/// The votes of those who are not silent, one line of each kind to quote.
struct Consensus::Count {
    std::size_t healthy = 0;
    std::size_t unhealthy = 0;
    std::size_t unavailable = 0;
    std::size_t initial = 0;
    const TargetHealth* quote[4] = {nullptr, nullptr, nullptr, nullptr};

    void add(const TargetHealth& line) {
        switch (line.state) {
        case HealthState::Healthy: return add(healthy, 0, line);
        case HealthState::Unhealthy: return add(unhealthy, 1, line);
        case HealthState::Unavailable: return add(unavailable, 2, line);
        default: return add(initial, 3, line);
        }
    }

    void add(std::size_t& kind, std::size_t place, const TargetHealth& line) {
        ++kind;
        if (quote[place] == nullptr) quote[place] = &line;
    }

    [[nodiscard]] const TargetHealth* to_quote(HealthState state) const {
        switch (state) {
        case HealthState::Healthy: return quote[0];
        case HealthState::Unhealthy: return quote[1];
        case HealthState::Unavailable: return quote[2];
        default: return quote[3];
        }
    }
};

void Consensus::expect(const contract::Set& target_set) {
    if (target_set.lines.empty()) {
        groups_.erase(target_set.scope);
        return;
    }
    Group& group = groups_[target_set.scope];
    auto before = std::exchange(group.targets, {});
    for (const contract::Message& message : target_set.lines) {
        if (const auto* settings = std::get_if<contract::TargetGroup>(&message)) {
            const auto interval = static_cast<std::int64_t>(settings->check_interval_ms);
            group.silence = std::max(kLeastSilence, Nanos::milliseconds(2 * interval));
        } else if (const auto* target = std::get_if<contract::Target>(&message)) {
            const auto known = before.find(target->target);
            Candidate& candidate = group.targets[target->target];
            if (known != before.end() && known->second.address == target->address)
                candidate = std::move(known->second);
            candidate.address = target->address;
        }
    }
}

std::vector<TargetHealth> Consensus::vote(const Voter& voter, const TargetHealth& line, Nanos now) {
    std::vector<TargetHealth> changed = heard(voter.name, now);
    const auto group = groups_.find(line.group);
    if (group == groups_.end() || !group->second.targets.contains(line.target)) {
        ++strangers_;
        return changed;
    }
    Candidate& candidate = group->second.targets[line.target];
    if (!cast(voter, line, candidate)) return changed;
    if (auto decided = decide(group->second, candidate)) changed.push_back(std::move(*decided));
    return changed;
}

std::vector<TargetHealth> Consensus::vote(const Voter& voter, const contract::Set& set, Nanos now) {
    std::vector<TargetHealth> changed = heard(voter.name, now);
    const auto group = groups_.find(set.scope);
    if (group == groups_.end()) {
        ++strangers_;
        return changed;
    }
    std::set<model::TargetId> named;
    for (const contract::Message& message : set.lines) {
        const auto* line = std::get_if<TargetHealth>(&message);
        if (line == nullptr || line->group != set.scope) continue;
        named.insert(line->target);
        const auto candidate = group->second.targets.find(line->target);
        if (candidate == group->second.targets.end())
            ++strangers_;
        else
            cast(voter, *line, candidate->second);
    }
    for (auto& [target, candidate] : group->second.targets) {
        if (!named.contains(target)) candidate.votes.erase(voter.name);
    }
    decide_all(group->second, changed);
    return changed;
}

/// Whether the line counts as a vote.
bool Consensus::cast(const Voter& voter, const TargetHealth& line, Candidate& candidate) {
    const auto known = candidate.votes.find(voter.name);
    if (line.state == HealthState::Unused) return candidate.votes.erase(voter.name) != 0;
    if (line.state == HealthState::Draining) {
        if (known == candidate.votes.end() || known->second.line.state != HealthState::Unhealthy)
            return false;
        TargetHealth passes = line;
        passes.state = HealthState::Healthy;
        passes.reason = std::nullopt;
        passes.description = std::nullopt;
        known->second = {voter.instance, std::move(passes)};
        return true;
    }
    const bool starts_anew = line.state == HealthState::Initial && known != candidate.votes.end() &&
                             is_opinion(known->second.line.state) &&
                             known->second.instance != voter.instance;
    if (starts_anew) return false;
    candidate.votes[voter.name] = {voter.instance, line};
    return true;
}

Consensus::Count Consensus::count(const Group& group, const Candidate& candidate) const {
    Count count;
    for (const auto& [voter, vote] : candidate.votes) {
        if (!group.silent.contains(voter)) count.add(vote.line);
    }
    return count;
}

/// Nothing: the old state stays.
std::optional<HealthState> Consensus::settle(const Count& count) const {
    if (count.healthy + count.unhealthy == 0) {
        if (count.unavailable != 0) return HealthState::Unavailable;
        if (count.initial != 0) return HealthState::Initial;
        return std::nullopt;
    }
    switch (rule_) {
    case ConsensusRule::Any:
        return count.healthy != 0 ? HealthState::Healthy : HealthState::Unhealthy;
    case ConsensusRule::All:
        return count.unhealthy != 0 ? HealthState::Unhealthy : HealthState::Healthy;
    case ConsensusRule::Majority: break;
    }
    if (count.healthy == count.unhealthy) return std::nullopt;
    return count.healthy > count.unhealthy ? HealthState::Healthy : HealthState::Unhealthy;
}

std::optional<TargetHealth> Consensus::decide(const Group& group, Candidate& candidate) {
    if (candidate.votes.empty()) {
        if (!candidate.decision) return std::nullopt;
        TargetHealth line = unknown(*candidate.decision);
        candidate.decision.reset();
        return line;
    }
    const Count counted = count(group, candidate);
    const auto state = settle(counted);
    if (!state) return std::nullopt;
    const TargetHealth& quote = *counted.to_quote(*state);
    if (candidate.decision && says_the_same(*candidate.decision, quote)) return std::nullopt;
    candidate.decision = quote;
    return quote;
}

void Consensus::decide_all(Group& group, std::vector<TargetHealth>& changed) {
    for (auto& [target, candidate] : group.targets) {
        if (auto line = decide(group, candidate)) changed.push_back(std::move(*line));
    }
}

std::vector<TargetHealth> Consensus::heard(const std::string& voter, Nanos now) {
    std::vector<TargetHealth> changed;
    voters_[voter] = now;
    for (auto& [id, group] : groups_) {
        if (group.silent.erase(voter) != 0) decide_all(group, changed);
    }
    return changed;
}

std::vector<TargetHealth> Consensus::tick(Nanos now) {
    std::vector<TargetHealth> changed;
    for (auto& [id, group] : groups_) {
        bool fewer = false;
        for (const auto& [voter, last] : voters_) {
            if (last + group.silence <= now) fewer = group.silent.insert(voter).second || fewer;
        }
        if (fewer) decide_all(group, changed);
    }
    return changed;
}

Nanos Consensus::deadline() const {
    Nanos next = Nanos::never();
    for (const auto& [id, group] : groups_) {
        for (const auto& [voter, last] : voters_) {
            if (!group.silent.contains(voter)) next = std::min(next, last + group.silence);
        }
    }
    return next;
}

const TargetHealth* Consensus::decision(const model::TargetGroupId& group,
                                        const model::TargetId& target) const {
    const auto known = groups_.find(group);
    if (known == groups_.end()) return nullptr;
    const auto candidate = known->second.targets.find(target);
    if (candidate == known->second.targets.end() || !candidate->second.decision) return nullptr;
    return &*candidate->second.decision;
}

std::vector<Consensus::Ballot> Consensus::ballots(const model::TargetGroupId& group,
                                                  const model::TargetId& target) const {
    std::vector<Ballot> all;
    const auto known = groups_.find(group);
    if (known == groups_.end()) return all;
    const auto candidate = known->second.targets.find(target);
    if (candidate == known->second.targets.end()) return all;
    for (const auto& [voter, vote] : candidate->second.votes) {
        all.push_back({voter, known->second.silent.contains(voter), vote.line.state,
                       vote.line.description.value_or("")});
    }
    return all;
}

} // namespace nlb::health
