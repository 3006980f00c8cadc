// SPDX-License-Identifier: Apache-2.0
// What `nlb-health run` tells people on standard error: a target's change, and totals on SIGUSR1.
#pragma once

#include "checker.hpp"

#include "app/context.hpp"

#include "health/plan.hpp"

#include <cstdint>
#include <string>

/// A line for every change, as loud as it is bad: the first pass of a target is for -v only.
void log_change(const nlb::app::Log& log, const nlb::contract::TargetHealth& now,
                nlb::model::HealthState before);

/// "nlb-health: groups=1 targets=2 ...", with its new line; the words are those of nlb-health(8).
std::string statistics_line(const std::string& tool, const nlb::health::Plan& plan,
                            const Checker& checker, std::uint64_t input_warnings);
