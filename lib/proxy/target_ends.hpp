// SPDX-License-Identifier: Apache-2.0
// Whose connections are to be reset: targets that became unhealthy, unless their group fails open
// [guide, p.51], and deregistered ones whose connections are to be terminated [guide, p.45]. The
// rule is that of the packet path (lib/tables/resets). Pure.
#pragma once

#include "proxy/routing.hpp"

#include <map>
#include <memory>
#include <set>
#include <span>
#include <tuple>

namespace nlb::proxy {

/// Immutable: the control thread hands it to all workers.
class TargetEnds {
  public:
    using Key = std::tuple<model::TargetGroupId, model::TargetId, Endpoint>;

    explicit TargetEnds(std::map<Key, End> ends) : ends_(std::move(ends)) {}

    /// TargetUnhealthy or TargetDeregistered; None when the label's connections go on.
    [[nodiscard]] End of(const FlowLabel& label) const;

  private:
    std::map<Key, End> ends_;
};

/// What route-sets said so far. A target is told of once, when its connections are to be reset and
/// were not before: nothing opens connections to it as long as that lasts.
class TargetResets {
  public:
    /// The lines, of every zone that is served, replace all earlier ones of the group.
    void replace(const model::TargetGroupId& group, std::span<const contract::Route* const> routes);

    /// Forgets every group that is not among these; their connections go on.
    void keep_only(const std::set<model::TargetGroupId>& groups);

    /// What is new since the last call; null when nothing is.
    std::shared_ptr<const TargetEnds> take();

  private:
    std::map<model::TargetGroupId, std::map<TargetEnds::Key, End>> now_;
    std::map<TargetEnds::Key, End> fresh_;
};

} // namespace nlb::proxy
