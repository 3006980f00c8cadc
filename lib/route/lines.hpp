// SPDX-License-Identifier: Apache-2.0
// The lines of target-sets and route-sets (nlb-messages(7)), made from the configuration and from
// what evaluate() decided. Each function gives the lines of one set; its scope is the group.
#pragma once

#include "route/evaluate.hpp"

#include "contract/messages.hpp"

#include <vector>

namespace nlb::route {

/// How the group is checked, and its targets: those that are in use, those that are not with the
/// cause [p.53], and draining ones, so that the loss of their health is noticed [p.45]. `zone` is
/// the one whose node checks, and tells which node address stands in the Host header [p.51];
/// empty, or a zone the balancer does not have: its first.
std::vector<contract::Message> target_lines(const GroupUse& use, const model::ZoneName& zone = {});

/// The listeners of the group on every node (on a dualstack node one line for each address), how
/// each node treats the group, and its routes.
std::vector<contract::Message> route_lines(const GroupRoutes& routes);

/// Is the target of the line registered, or only on its way out? The size of a ring follows the
/// registered ones.
bool is_registered(const contract::Route& route);

} // namespace nlb::route
