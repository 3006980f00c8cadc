// SPDX-License-Identifier: Apache-2.0
#include "health/intake.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <set>

namespace nlb::health {

using contract::SetAssembler;

namespace {

struct SetLines {
    const contract::TargetGroup* group = nullptr;
    std::set<std::string_view> seen{};
};

/// Empty when the target can be checked, else why not.
std::string objection_to(const contract::Target& target, const contract::Set& set,
                         SetLines& lines) {
    constexpr std::uint64_t kLastPort = 65535;
    if (target.group != set.scope) return "names group " + in_quotes(target.group.value);
    if (target.port < 1 || target.port > kLastPort) return "port must be 1 to 65535";
    if (!lines.seen.insert(target.target.value).second) return "comes twice";
    return {};
}

void read_line(const contract::Message& message, SetLines& lines, GroupSet& out,
               const contract::Set& set, std::vector<std::string>& warnings) {
    if (const auto* group = std::get_if<contract::TargetGroup>(&message)) {
        const bool fits = group->group == set.scope && lines.group == nullptr;
        if (fits) lines.group = group;
        if (!fits) warnings.push_back("target-set of " + set.scope.value + ": a second group line");
    } else if (const auto* target = std::get_if<contract::Target>(&message)) {
        const std::string objection = objection_to(*target, set, lines);
        if (objection.empty()) {
            out.targets.push_back(*target);
        } else {
            warnings.push_back("target " + in_quotes(target->target.value) + " of " +
                               set.scope.value + ": " + objection + ": skipped");
        }
    }
}

} // namespace

GroupSet read_target_set(const contract::Set& set, std::vector<std::string>& warnings) {
    GroupSet out{.id = set.scope,
                 .generation = set.generation,
                 .settings = {},
                 .refusal = {},
                 .targets = {}};
    SetLines lines;
    for (const contract::Message& message : set.lines)
        read_line(message, lines, out, set, warnings);
    if (lines.group == nullptr) {
        if (!out.targets.empty()) out.refusal = "no target-group line came with the targets";
    } else if (auto settings = CheckSettings::from(*lines.group)) {
        out.settings = std::move(*settings);
    } else {
        out.refusal = settings.error().attempt;
    }
    if (!out.refusal.empty()) {
        warnings.push_back(set.scope.value + " is not checked: " + out.refusal);
    }
    return out;
}

Intake::Outcome Intake::take(const contract::Event& event) {
    Outcome out;
    if (const auto* gap = std::get_if<contract::Gap>(&event.what)) {
        out.lost = true;
        out.warnings.push_back("lines were lost: expected number " + std::to_string(gap->expected) +
                               ", got " + std::to_string(gap->got));
    } else if (const auto* line = std::get_if<contract::BadLine>(&event.what)) {
        ++bad_;
        out.lost = true;
        out.warnings.push_back("line " + std::to_string(line->line) + ": " + line->why);
    }
    auto outcome = assembler_.take(event);
    inside_set_ = std::holds_alternative<SetAssembler::Collected>(outcome);
    if (const auto* dropped = std::get_if<SetAssembler::Dropped>(&outcome)) {
        out.lost = true;
        complain(dropped->why, out);
        held_.clear(); // its companions would be a part of a generation only
        const auto* message = std::get_if<contract::Message>(&event.what);
        inside_set_ = message != nullptr && std::holds_alternative<contract::SetBegin>(*message);
    } else if (const auto* set = std::get_if<contract::Set>(&outcome)) {
        take_set(*set, out);
    } else if (std::holds_alternative<SetAssembler::NotOfSet>(outcome)) {
        if (const auto* message = std::get_if<contract::Message>(&event.what)) {
            take_message(*message, out);
        }
    }
    return out;
}

void Intake::take_message(const contract::Message& message, Outcome& out) {
    if (std::holds_alternative<contract::Hello>(message)) {
        held_.clear();
        out.restarted = true;
    } else if (std::holds_alternative<contract::SnapshotRequest>(message)) {
        out.wants_report = true;
    } else if (const auto* evidence = std::get_if<contract::TargetEvidence>(&message)) {
        out.evidence.push_back(*evidence);
    } else if (std::holds_alternative<contract::Target>(message) ||
               std::holds_alternative<contract::TargetGroup>(message)) {
        complain("a target or group outside of a set: skipped", out);
    }
}

void Intake::take_set(const contract::Set& set, Outcome& out) {
    if (set.kind != contract::SetKind::TargetSet) return; // not for us
    const std::size_t before = out.warnings.size();
    held_.push_back(read_target_set(set, out.warnings));
    bad_ += out.warnings.size() - before;
    if (!set.more) out.sets = std::exchange(held_, {});
}

Intake::Outcome Intake::finish() {
    Outcome out;
    if (std::exchange(inside_set_, false) || !held_.empty()) {
        out.lost = true;
        complain("the input ended inside a set: dropped", out);
    }
    held_.clear();
    return out;
}

void Intake::complain(std::string why, Outcome& out) {
    ++bad_;
    out.warnings.push_back(std::move(why));
}

} // namespace nlb::health
