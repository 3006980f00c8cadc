// SPDX-License-Identifier: Apache-2.0
// What nlb-forward replay reads besides the capture.
#pragma once

#include "replay/timeline.hpp"
#include "replay_options.hpp"

#include "app/context.hpp"

#include "base/result.hpp"

#include <memory>
#include <string>
#include <vector>

/// A timeline and the text it reads.
struct ReplayTimeline {
    std::unique_ptr<const std::string> lines;
    nlb::replay::Timeline timeline;
};

/// Problems are logged. Errors: Usage when a configuration or a time is not valid, System when a
/// file cannot be read, Data when the health lines say nothing usable.
nlb::Result<ReplayTimeline> replay_timeline(const nlb::app::Context& context,
                                            const ReplayOptions& options);

/// Every file that is read, as it was named.
std::vector<std::string> input_files(const ReplayOptions& options);

/// Errors: Usage, when what is written would take the place of an input.
nlb::Result<void> keep_inputs(const ReplayOptions& options);
