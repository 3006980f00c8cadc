// SPDX-License-Identifier: Apache-2.0
// Intake: the events of one stream, of which health goes to whoever takes it (a Publisher, or a
// consensus in front of one). What remains for others (hello, snapshot-request, what the data plane
// says) is handed back.
#pragma once

#include "route/publisher.hpp"

#include "contract/sets.hpp"

#include <iterator>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace nlb::route {

class Intake {
  public:
    struct Taken {
        std::vector<HealthChange> changes;
        std::string warning; ///< something could not be used, and why; empty: nothing
        bool lost = false;   ///< health may be missing: ask for a snapshot
        const contract::Message* other = nullptr; ///< into the event; null when used up here
    };

    /// `health.take(line, reporter)` and `health.take(set, reporter)` take target-health and return
    /// what changed; `reporter` is the instance of the hello.
    template <class Health>
    Taken take(const contract::Event& event, Health& health);

    /// Who speaks; empty members before its hello.
    [[nodiscard]] const contract::Hello& peer() const { return peer_; }

    /// Lines and sets so far that could not be used.
    [[nodiscard]] std::uint64_t bad() const { return bad_; }

  private:
    Taken take_outside_sets(const contract::Event& event);
    Taken take_dropped(const contract::SetAssembler::Outcome& outcome);
    static void append(Taken& taken, std::optional<HealthChange> change);
    static void append(Taken& taken, std::vector<HealthChange> changes);
    Taken complain(std::string why, bool lost);

    contract::SetAssembler assembler_;
    contract::Hello peer_;
    std::uint64_t bad_ = 0;
};

template <class Health>
Intake::Taken Intake::take(const contract::Event& event, Health& health) {
    const auto outcome = assembler_.take(event);
    const auto* set = std::get_if<contract::Set>(&outcome);
    if (set != nullptr && set->kind == contract::SetKind::TargetHealth) {
        Taken taken;
        append(taken, health.take(*set, peer_.instance));
        return taken;
    }
    if (!std::holds_alternative<contract::SetAssembler::NotOfSet>(outcome)) {
        return take_dropped(outcome);
    }
    const auto* message = std::get_if<contract::Message>(&event.what);
    const auto* line = message == nullptr ? nullptr : std::get_if<contract::TargetHealth>(message);
    if (line == nullptr) return take_outside_sets(event);
    Taken taken;
    append(taken, health.take(*line, peer_.instance));
    return taken;
}

} // namespace nlb::route
