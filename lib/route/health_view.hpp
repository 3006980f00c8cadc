// SPDX-License-Identifier: Apache-2.0
// HealthView: the last known health of every registered target, from whoever reports it.
//
// It outlives the reporters: nlb-health may go and come back. A reporter that starts anew says
// `initial` until its first checks are through; that is no news about a target whose health an
// earlier reporter had found out, so the older state stays. From the reporter of that older state
// `initial` is taken as said.
#pragma once

#include "route/evaluate.hpp"

#include "contract/sets.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace nlb::route {

/// One target's health changed, for the log.
struct HealthChange {
    model::TargetGroupId group;
    model::TargetId target;
    Health before;
    Health after;
    std::string description; ///< the reporter's words; may be empty
};

class HealthView {
  public:
    /// The targets that exist from now on, draining ones included. What is known of those that
    /// existed before, under the same key and with the same address, is kept; the rest is
    /// forgotten.
    void register_targets(
        const model::Configuration& configuration,
        const std::map<model::TargetGroupId, std::vector<Deregistration>>& deregistered = {});

    /// One line. `reporter` is the instance of its hello. Nothing when it says nothing new, or
    /// speaks of a target that is not registered: the reporter works with an older target-set.
    std::optional<HealthChange> take(const contract::TargetHealth& line, std::string_view reporter);

    /// A whole group: targets the set leaves out are as unknown as at registration.
    std::vector<HealthChange> take(const contract::Set& set, std::string_view reporter);

    /// What is known of the group; a target nobody reported on is absent.
    [[nodiscard]] const GroupHealth& of(const model::TargetGroupId& group) const;

    /// Lines about targets that are not registered.
    [[nodiscard]] std::uint64_t strangers() const { return strangers_; }

  private:
    struct Known {
        IpAddress address;
        std::string reporter; ///< of the state; empty: nobody yet
    };

    struct Group {
        std::map<model::TargetId, Known> targets;
        GroupHealth health;
    };

    static void keep(const model::Target& target, const Group& old, Group& now);
    std::optional<HealthChange> set(Group& group, const contract::TargetHealth& line,
                                    std::string_view reporter);
    static std::optional<HealthChange> forget(Group& group, const model::TargetGroupId& id,
                                              const model::TargetId& target);

    std::map<model::TargetGroupId, Group> groups_;
    std::uint64_t strangers_ = 0;
};

} // namespace nlb::route
