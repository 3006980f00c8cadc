// SPDX-License-Identifier: Apache-2.0
// Which entries of the guide's chapter on troubleshooting apply to a running balancer, and what
// shows it [p.89-92]. Pure.
#pragma once

#include "route/status.hpp"

#include <string>
#include <vector>

namespace nlb::route {

struct Finding {
    std::string entry; ///< a word of the table in nlb-policy(8)
    std::string about; ///< target, node, listener or key of the configuration
    std::string evidence;

    bool operator==(const Finding&) const = default;
};

/// In the order of the chapter; empty: nothing applies.
std::vector<Finding> examine(const Status& status);

} // namespace nlb::route
