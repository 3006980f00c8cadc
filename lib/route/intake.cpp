// SPDX-License-Identifier: Apache-2.0
#include "route/intake.hpp"

namespace nlb::route {

void Intake::append(Taken& taken, std::optional<HealthChange> change) {
    if (change) taken.changes.push_back(std::move(*change));
}

void Intake::append(Taken& taken, std::vector<HealthChange> changes) {
    std::move(changes.begin(), changes.end(), std::back_inserter(taken.changes));
}

Intake::Taken Intake::take_dropped(const contract::SetAssembler::Outcome& outcome) {
    if (const auto* dropped = std::get_if<contract::SetAssembler::Dropped>(&outcome)) {
        return complain(dropped->why, true);
    }
    if (const auto* set = std::get_if<contract::Set>(&outcome)) {
        return complain(std::string(to_text(set->kind)) + " is not for nlb-policy", false);
    }
    return {};
}

Intake::Taken Intake::take_outside_sets(const contract::Event& event) {
    if (const auto* gap = std::get_if<contract::Gap>(&event.what)) {
        return complain("lines were lost: number " + std::to_string(gap->expected) +
                            " was expected, " + std::to_string(gap->got) + " came",
                        true);
    }
    if (const auto* line = std::get_if<contract::BadLine>(&event.what)) {
        return complain("line " + std::to_string(line->line) + ": " + line->why, false);
    }
    Taken taken;
    const auto& message = std::get<contract::Message>(event.what);
    if (const auto* hello = std::get_if<contract::Hello>(&message)) peer_ = *hello;
    taken.other = &message;
    return taken;
}

Intake::Taken Intake::complain(std::string why, bool lost) {
    ++bad_;
    Taken taken;
    taken.warning = std::move(why);
    taken.lost = lost;
    return taken;
}

} // namespace nlb::route
