// SPDX-License-Identifier: Apache-2.0
// The rules that bind the resources of a configuration to each other: names, compatibility,
// ranges that depend on other settings, what the inventory shows, quotas. Pure.
//
// Each rule cites the page of the guide in the message's source. Types and plain ranges are the
// reader's (lib/config); what only a change can break (deletion, fixed zones) is in changes.hpp.
#pragma once

#include "model/configuration.hpp"
#include "model/path.hpp"

#include <string>
#include <vector>

namespace nlb::model {

struct Violation {
    Path path;              ///< of the offending value, or of the one that is missing
    std::string allowed;    ///< what would be right; one printable line
    std::vector<Path> also; ///< other values the finding rests on: void when one of them is wrong
};

struct Findings {
    std::vector<Violation> errors;
    std::vector<Violation> warnings; ///< advice of the guide; nothing is refused
};

/// At most a few thousand of each, in no particular order. `configuration` has its defaults.
Findings check(const Configuration& configuration);

} // namespace nlb::model
