// SPDX-License-Identifier: Apache-2.0
// What only a change can break: properties of a resource that are fixed while it lives. A resource
// is the same one when its id is; another name or id makes a new one, which may be anything.
#pragma once

#include "model/configuration.hpp"

#include <string>
#include <vector>

namespace nlb::model {

/// One printable line for each change that the guide rules out:
///  * an enabled zone cannot be removed, and its node keeps its addresses [p.12];
///  * a load balancer under deletion protection cannot be removed [p.13];
///  * an instance that is not running cannot be registered; one that is may stop [p.62];
///  * the target type and the IP address type of a target group stay [p.40, p.41].
/// Empty when `before` may become `after`.
std::vector<std::string> forbidden_changes(const Configuration& before, const Configuration& after);

} // namespace nlb::model
