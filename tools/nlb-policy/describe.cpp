// SPDX-License-Identifier: Apache-2.0
#include "describe.hpp"

#include "base/text.hpp"

#include <array>
#include <ctime>

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

std::string describe(const route::ZonalShift& shift) {
    return shift.load_balancer.value + ": away from zone " + in_quotes(shift.zone.value) +
           " until " + utc_text(shift.expiry.unix_ms) + ": " + in_quotes(shift.comment);
}

std::string utc_text(std::int64_t unix_ms) {
    const std::time_t seconds = unix_ms / 1000;
    std::tm parts{};
    std::array<char, sizeof "-2147481748-01-01T00:00:00Z"> text{};
    if (::gmtime_r(&seconds, &parts) == nullptr) return std::to_string(unix_ms) + " ms";
    const std::size_t length =
        std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text.data(), length};
}

} // namespace nlb::policy
