// SPDX-License-Identifier: Apache-2.0
// Board: the health of every target as a stream of nlb-health tells it, and what changed. For those
// who watch; decides nothing.
#pragma once

#include "contract/sets.hpp"

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nlb::health {

class Board {
  public:
    struct Change {
        std::optional<model::HealthState> before; ///< none: the target is new
        contract::TargetHealth now;
    };

    /// Targets by state, in the order of model::HealthState.
    using Totals = std::array<std::size_t, EnumText<model::HealthState>::names.size()>;

    struct Outcome {
        std::vector<Change> changes;
        std::string warning; ///< what could not be used; empty: nothing
    };

    /// Takes every event of a stream in order. A stream that begins anew (hello) is held against
    /// what the earlier one said: the differences are changes, and what it leaves out is gone.
    Outcome take(const contract::Event& event);

    /// Has a whole snapshot come? Before that there are no changes.
    [[nodiscard]] bool is_complete() const { return complete_; }

    /// Every target in the order of its set; groups by id.
    [[nodiscard]] std::vector<contract::TargetHealth> lines() const;

    [[nodiscard]] std::map<model::TargetGroupId, Totals> totals() const;

  private:
    using Group = std::vector<contract::TargetHealth>;

    void take_set(const contract::Set& set, Outcome& out);
    void take_line(const contract::TargetHealth& line, Outcome& out);
    void note(const contract::TargetHealth* before, const contract::TargetHealth& now,
              Outcome& out) const;

    contract::SetAssembler assembler_;
    std::map<model::TargetGroupId, Group> groups_;
    std::set<model::TargetGroupId> named_; // by this stream
    bool starting_ = false;                // its first snapshot is not complete
    bool complete_ = false;
};

} // namespace nlb::health
