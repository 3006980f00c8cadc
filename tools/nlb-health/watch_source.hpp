// SPDX-License-Identifier: Apache-2.0
// Where a running nlb-health is watched: one socket a node.
#pragma once

#include <string>

inline std::string watch_source(const std::string& node) {
    return "unix:nlb-health-" + node + ".ctl";
}
