// SPDX-License-Identifier: Apache-2.0
// The flows of a node's kernel datapath, read from its tables, whether its process runs or not.
#pragma once

#include "flow_lines.hpp"

#include <functional>
#include <string>

/// False, and no call: the node has no kernel datapath. Stops at the first error of `take`. Errors:
/// Data when the datapath is another version's, System.
nlb::Result<bool>
for_each_kernel_flow(const std::string& node,
                     const std::function<nlb::Result<void>(const FlowLine&)>& take);
