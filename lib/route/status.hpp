// SPDX-License-Identifier: Apache-2.0
// A running balancer as a running nlb-policy describes it (the lines of a `request` for status),
// and what can be said from it: why a target takes no flows, and what of the guide's chapter on
// troubleshooting applies [p.89-92]. Pure.
#pragma once

#include "contract/messages.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nlb::route {

struct Status {
    std::vector<contract::Peer> peers;
    std::vector<contract::ListenerState> bindings;
    std::vector<contract::ZonalShift> shifts;
    std::vector<contract::DnsZone> dns;
    std::vector<contract::Advice> advice;
    std::vector<contract::Vote> votes;
    std::vector<contract::TargetGroup> checks;
    std::vector<contract::TargetHealth> health;
    std::vector<contract::Listener> listeners;
    std::vector<contract::Routing> routings;
    std::vector<contract::Route> routes;
    std::vector<contract::Counter> counters;
    bool recycles_time_wait = false; ///< net.ipv4.tcp_tw_recycle of this host

    /// Keeps what it knows the kind of.
    void take(const contract::Message& message);
};

/// Why routes have a reason, in words.
std::string_view sentence(model::RouteReason reason);

struct Explanation {
    std::vector<std::string> lines;
    bool is_registered = false;
    bool takes_flows = false; ///< of at least one node
};

/// `target` is ID or ID:PORT, `group` a name, an id, or empty for all groups.
Explanation explain_target(const Status& status, std::string_view target, std::string_view group);

/// Is `id` ("targetgroup/NAME/HEX") the group that `name` means: its id or its name?
bool is_group(const model::TargetGroupId& id, std::string_view name);

} // namespace nlb::route
