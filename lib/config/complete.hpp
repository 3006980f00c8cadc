// SPDX-License-Identifier: Apache-2.0
// Fills in what the file left open and another setting decides: ids, addresses behind ids, zones
// of targets, defaults that depend on type and protocol.
#pragma once

#include "config/document.hpp"
#include "model/configuration.hpp"

namespace nlb::config {

/// `root` tells which settings the file gave.
void complete(model::Configuration& configuration, const Node& root);

} // namespace nlb::config
