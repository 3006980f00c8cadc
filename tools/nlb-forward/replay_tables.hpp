// SPDX-License-Identifier: Apache-2.0
// The tables of a replay: configuration and health through the same rules that nlb-policy runs.
#pragma once

#include "app/context.hpp"

#include "flow/tables.hpp"

#include "base/result.hpp"

#include <string>

struct ReplaySources {
    std::string configuration; ///< path of nlb.toml(5)
    std::string health;        ///< path of target-health lines; empty: nothing is known
    std::string zone;          ///< empty: the nodes of all zones
};

/// Problems are logged. Errors: Usage when the configuration is not valid or has no such zone,
/// System when a file cannot be read, Data when the health lines say nothing usable.
nlb::Result<nlb::flow::Tables> replay_tables(const nlb::app::Context& context,
                                             const ReplaySources& sources);
