// SPDX-License-Identifier: Apache-2.0
#include "route/intake.hpp"

namespace nlb::route {

Intake::Taken Intake::take(const contract::Event& event, Publisher& publisher) {
    auto outcome = assembler_.take(event);
    if (const auto* dropped = std::get_if<contract::SetAssembler::Dropped>(&outcome)) {
        return complain(dropped->why, true);
    }
    if (const auto* set = std::get_if<contract::Set>(&outcome)) {
        if (set->kind != contract::SetKind::TargetHealth) {
            return complain(std::string(to_text(set->kind)) + " is not for nlb-policy", false);
        }
        Taken taken;
        taken.changes = publisher.take(*set, peer_.instance);
        return taken;
    }
    if (std::holds_alternative<contract::SetAssembler::NotOfSet>(outcome)) {
        return take_outside_sets(event, publisher);
    }
    return {};
}

Intake::Taken Intake::take_outside_sets(const contract::Event& event, Publisher& publisher) {
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
    if (const auto* health = std::get_if<contract::TargetHealth>(&message)) {
        if (auto change = publisher.take(*health, peer_.instance)) {
            taken.changes.push_back(std::move(*change));
        }
        return taken;
    }
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
