// SPDX-License-Identifier: Apache-2.0
// Whose connections are to be reset: targets that became unhealthy, unless their group fails open
// [guide, p.51], and deregistered ones whose connections are to be terminated [guide, p.45]. Of
// datagrams also those of targets that are not registered any more: they have no connection to
// keep. The rules are those of the packet path (lib/tables/resets, nlb_flow_objection). Pure.
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

    TargetEnds(std::map<Key, End> ends, std::set<Key> gone)
        : ends_(std::move(ends)), gone_(std::move(gone)) {}

    /// TargetUnhealthy or TargetDeregistered; None when the label's connections go on.
    [[nodiscard]] End of(const FlowLabel& label) const;

    /// The same of its flows of datagrams.
    [[nodiscard]] End of_datagrams(const FlowLabel& label) const;

  private:
    std::map<Key, End> ends_;
    std::set<Key> gone_; // registered no more
};

/// What route-sets said so far. A target is told of once, when its connections are to be reset and
/// were not before: nothing opens connections to it as long as that lasts. Nor when it is gone.
class TargetResets {
  public:
    /// The lines, of every zone that is served, replace all earlier ones of the group.
    void replace(const model::TargetGroupId& group, std::span<const contract::Route* const> routes);

    /// Forgets every group that is not among these; their connections go on, their targets are
    /// gone.
    void keep_only(const std::set<model::TargetGroupId>& groups);

    /// What is new since the last call; null when nothing is.
    std::shared_ptr<const TargetEnds> take();

  private:
    void register_those_of(const model::TargetGroupId& group, std::set<TargetEnds::Key> targets);

    std::map<model::TargetGroupId, std::map<TargetEnds::Key, End>> now_;
    std::map<model::TargetGroupId, std::set<TargetEnds::Key>> registered_;
    std::map<TargetEnds::Key, End> fresh_;
    std::set<TargetEnds::Key> gone_;
};

} // namespace nlb::proxy
