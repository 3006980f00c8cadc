// SPDX-License-Identifier: Apache-2.0
#include "describe.hpp"

#include "base/text.hpp"

namespace nlb::policy {

namespace {

std::string words(const route::Health& health) {
    std::string text(to_text(health.state));
    if (health.reason != model::HealthReason::None) {
        text += " (" + std::string(to_text(health.reason)) + ")";
    }
    return text;
}

std::string cause(model::RouteReason mode) {
    switch (mode) {
    case model::RouteReason::FailOpen: return "no target is healthy in any enabled zone";
    case model::RouteReason::UnhealthyStateRouting: return "too few targets are healthy";
    case model::RouteReason::ZonalShift: return "its traffic is shifted away";
    default: return "enough targets are healthy";
    }
}

} // namespace

std::string describe(const route::HealthChange& change) {
    std::string text = change.group.value + ": target " + in_quotes(change.target.value) + ": " +
                       words(change.before) + " -> " + words(change.after);
    if (!change.description.empty()) text += ": " + in_quotes(change.description);
    return text;
}

std::string describe(const route::ModeChange& change) {
    return change.group.value + ": zone " + in_quotes(change.zone.value) + ": routing " +
           std::string(to_text(change.before)) + " -> " + std::string(to_text(change.after)) +
           ": " + cause(change.after) + " (" + std::to_string(change.healthy) + " of " +
           std::to_string(change.registered) + " in reach)";
}

} // namespace nlb::policy
