// SPDX-License-Identifier: Apache-2.0
#include "sayings.hpp"

#include "base/text.hpp"

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words
using model::HealthState;

void log_change(const app::Log& log, const contract::TargetHealth& now, HealthState before) {
    std::string text = "target " + in_quotes(now.target.value) + " of " + now.group.value + ": ";
    text += std::string(to_text(before)) + " -> " + std::string(to_text(now.state));
    if (now.description) text += ": " + *now.description;
    if (now.state != HealthState::Healthy) {
        log.warning(text);
    } else if (before == HealthState::Initial) {
        log.debug(text); // every target at every start
    } else {
        log.notice(text);
    }
}

std::string statistics_line(const std::string& tool, const health::Plan& plan,
                            const Checker& checker, std::uint64_t input_warnings) {
    const Checker::Statistics& s = checker.statistics();
    std::string text = tool + ":";
    const auto put = [&](std::string_view name, std::uint64_t value) {
        text += " " + std::string(name) + "=" + std::to_string(value);
    };
    put("groups", plan.groups().size());
    put("targets", plan.targets());
    put("in_flight", checker.in_flight());
    put("started", s.started);
    for (std::size_t i = 0; i < s.ended.size(); ++i)
        put(EnumText<health::ProbeOutcome>::names[i], s.ended[i]);
    put("late_us_p50", s.late.percentile_us(50));
    put("late_us_p99", s.late.percentile_us(99));
    put("evidence", plan.evidence());
    put("input_warnings", input_warnings);
    return text + "\n";
}
