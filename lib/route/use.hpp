// SPDX-License-Identifier: Apache-2.0
// A target group in use: what of the configuration decides about its traffic, and what has been
// asked of a running balancer since (deregistration, zonal shift).
#pragma once

#include "base/time.hpp"
#include "model/configuration.hpp"

#include <map>
#include <string>
#include <vector>

namespace nlb::route {

/// A target that is not in the configuration any more and whose connections may go on [p.45].
struct Deregistration {
    model::Target target;
    WallTime until;          ///< end of the deregistration delay
    bool terminates = false; ///< its connections are closed after the delay
    bool is_over = false;    ///< the delay has ended and its connections are being closed

    /// When something happens next: the end of the delay, or of closing.
    [[nodiscard]] WallTime deadline() const;
};

/// How long connections are being closed after the delay. By then every datapath has met them.
constexpr std::int64_t kTerminationSeconds = 60;

/// A target that fails its checks, of a group with a draining interval for it.
struct UnhealthyDraining {
    WallTime until;
    bool is_over = false;
};

using UnhealthyDrainings = std::map<model::TargetId, UnhealthyDraining>;

/// Traffic of one zone of one load balancer is moved away until `expiry` [p.20].
struct ZonalShift {
    model::LoadBalancerId load_balancer;
    model::ZoneName zone;
    WallTime start;
    WallTime expiry;
    std::string comment;
};

/// Target.NotInUse (no node in its zone), Target.InvalidState (an instance that is not running) or
/// Target.IpUnusable (a balancer listens there), with the published words [p.53].
struct UnusedCause {
    model::HealthReason reason = model::HealthReason::TargetNotInUse;
    std::string description;
};

/// Points into the configuration it was found in, and into what its maker keeps.
struct GroupUse {
    const model::LoadBalancer* load_balancer = nullptr; ///< the only one [p.40]
    const model::TargetGroup* group = nullptr;
    std::vector<const model::Listener*> listeners; ///< one or more
    std::map<model::TargetId, UnusedCause> unused; ///< registered, and cannot be in service
    const std::vector<Deregistration>* deregistered = nullptr; ///< null: none
    const UnhealthyDrainings* unhealthy_draining = nullptr;    ///< null: none
    model::ZoneName shifted_zone;                              ///< empty: none
};

/// Every group in use, in the order of the configuration's groups.
std::vector<GroupUse> groups_in_use(const model::Configuration& configuration);

/// Whether a node reaches the targets of other zones too [p.55].
bool crosses_zones(const GroupUse& use);

/// Does the balancer have a node in the target's zone [p.42]?
bool in_enabled_zone(const GroupUse& use, const model::Target& target);

} // namespace nlb::route
