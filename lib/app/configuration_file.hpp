// SPDX-License-Identifier: Apache-2.0
// The configuration that several tools read.
#pragma once

#include "app/context.hpp"

#include "model/configuration.hpp"

#include <string>

namespace nlb::app {

/// Reads and checks nlb.toml(5). Every problem is logged; the error then says how many there are.
/// Advice is for those who ask: `check` prints it.
/// Errors: System when the file cannot be read, Usage when it is not valid.
Result<model::Configuration> load_configuration(const Context& context, const std::string& path);

} // namespace nlb::app
