// SPDX-License-Identifier: Apache-2.0
// The engines of nlb-forward replay by their names.
#pragma once

#include "replay/engine.hpp"
#include "replay_options.hpp"

#include "base/result.hpp"

#include <memory>

/// The engine of the options over `tables`, which must outlive it or its set_tables(). Errors:
/// Usage, when the kernel's engine is to explain itself; System, when it is not built in or the
/// kernel refuses it (it takes root).
nlb::Result<std::unique_ptr<nlb::replay::Engine>> make_engine(const ReplayOptions& options,
                                                              const nlb::flow::Tables& tables);
