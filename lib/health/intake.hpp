// SPDX-License-Identifier: Apache-2.0
// From the events of a stream to what to do about them: target-sets, checked and put together,
// and what to warn of. Rules of sets: nlb-messages(7).
#pragma once

#include "health/settings.hpp"

#include "contract/sets.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nlb::health {

/// What one target-set says of its group.
struct GroupSet {
    model::TargetGroupId id;
    std::uint64_t generation = 0;
    std::optional<CheckSettings> settings; ///< none: not checked, see `refusal`
    std::string refusal;                   ///< why; with no settings and no refusal the group ends
    std::vector<contract::Target> targets;
};

class Intake {
  public:
    struct Outcome {
        std::vector<GroupSet> sets; ///< apply together, in this order
        std::vector<contract::TargetEvidence> evidence;
        bool restarted = false; ///< the sender began anew: what it does not send again has ended
        std::vector<std::string> warnings;
        bool lost = false;         ///< something is missing: ask for a snapshot
        bool wants_report = false; ///< the peer asked for a snapshot of ours
    };

    Outcome take(const contract::Event& event);

    /// The input ended: an unfinished set is lost.
    Outcome finish();

    /// Lines so far that could not be used.
    [[nodiscard]] std::uint64_t bad() const { return bad_; }

  private:
    void take_message(const contract::Message& message, Outcome& out);
    void take_set(const contract::Set& set, Outcome& out);
    void complain(std::string why, Outcome& out);

    contract::SetAssembler assembler_;
    std::vector<GroupSet> held_; // of a generation with more to follow
    bool inside_set_ = false;
    std::uint64_t bad_ = 0;
};

/// Checks the lines of a target-set. What is wrong with single lines goes to `warnings`.
GroupSet read_target_set(const contract::Set& set, std::vector<std::string>& warnings);

} // namespace nlb::health
