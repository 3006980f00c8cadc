// SPDX-License-Identifier: Apache-2.0
#include "health/threshold.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <vector>

using namespace nlb::health;
using nlb::model::HealthReason;
using nlb::model::HealthState;

namespace {

/// "p" passed, "f" failed, "u" unknown.
Verdict verdict(char c) {
    if (c == 'p') return Verdict::Passed;
    return c == 'f' ? Verdict::Failed : Verdict::Unknown;
}

/// "r" a flow was reset, "x" refused, "s" silent; results as in verdict().
bool take(Threshold& threshold, char c, Thresholds limits) {
    switch (c) {
    case 'r': return threshold.weigh(Weight::Reset, 1, limits);
    case 'x': return threshold.weigh(Weight::Refused, 1, limits);
    case 's': return threshold.weigh(Weight::Silent, 1, limits);
    default: return threshold.record(verdict(c), limits);
    }
}

/// The state after each result: i(nitial), h(ealthy), d(own), n(ot available).
std::string states(std::string_view results, Thresholds limits) {
    Threshold threshold;
    std::string out;
    for (const char c : results) {
        const HealthState before = threshold.state();
        const bool changed = take(threshold, c, limits);
        BOOST_TEST(changed == (threshold.state() != before));
        switch (threshold.state()) {
        case HealthState::Initial: out += 'i'; break;
        case HealthState::Healthy: out += 'h'; break;
        case HealthState::Unhealthy: out += 'd'; break;
        default: out += 'n';
        }
    }
    return out;
}

} // namespace

BOOST_AUTO_TEST_SUITE(health_threshold)

BOOST_AUTO_TEST_CASE(results_make_states) {
    struct Row {
        const char* what;
        Thresholds limits;
        const char* results;
        const char* states;
    };

    const std::vector<Row> rows{
        {"a new target is in service after its first pass", {5, 2}, "p", "h"},
        {"two failures make a new target unhealthy", {5, 2}, "ff", "id"},
        {"one failure and a pass make it healthy", {5, 2}, "fp", "ih"},
        {"two failures make a healthy target unhealthy", {5, 2}, "pff", "hhd"},
        {"a pass in between starts the count anew", {5, 2}, "pfpfpf", "hhhhhh"},
        {"it comes back after five passes", {5, 2}, "ffppppp", "idddddh"},
        {"a failure among the passes starts the count anew", {3, 2}, "ffppfppp", "iddddddh"},
        {"back in service, it needs all failures again", {2, 3}, "pfffppff", "hhhddhhh"},
        {"ten and ten", {10, 10}, "pffffffffff", "hhhhhhhhhhd"},
        {"one unknown changes nothing", {5, 2}, "pup", "hhh"},
        {"unknowns in a row make it unavailable", {5, 2}, "puu", "hhn"},
        {"a new target too", {5, 2}, "uu", "in"},
        {"a result shows what it was before", {5, 2}, "puup", "hhnh"},
        {"and is counted", {5, 2}, "puuff", "hhnhd"},
        {"an unhealthy target stays so behind it", {2, 2}, "ffuupp", "iddndh"},
        {"unknowns do not interrupt failures in a row", {5, 2}, "pfuf", "hhhd"},
        {"nor are they failures", {5, 3}, "pfuff", "hhhhd"},
        {"two refused flows take it out", {5, 2}, "pxx", "hhd"},
        {"and so do a refused and a silent one", {5, 2}, "pxs", "hhd"},
        {"a reset flow counts half", {5, 2}, "prrrr", "hhhhd"},
        {"flows and checks add up", {5, 2}, "pfx", "hhd"},
        {"resets as well", {5, 2}, "pfrr", "hhhd"},
        {"a passed check forgets what flows showed", {5, 2}, "pxpxpx", "hhhhhh"},
        {"of a new target flows say nothing", {5, 2}, "xxxxp", "iiiih"},
        {"nor of an unhealthy one", {2, 2}, "ffpxp", "idddh"},
        {"checks bring it back", {2, 2}, "pxxpp", "hhddh"},
        {"a higher threshold asks for more", {5, 3}, "pxxx", "hhhd"},
        {"of one that cannot be checked they say nothing", {5, 2}, "puuxx", "hhnnn"},
    };
    for (const Row& row : rows)
        BOOST_TEST(states(row.results, row.limits) == row.states, row.what);
}

BOOST_AUTO_TEST_CASE(many_flows_at_once_count_as_so_many) {
    Threshold threshold;
    threshold.record(Verdict::Passed, {5, 10});
    BOOST_TEST(!threshold.weigh(Weight::Refused, 9, {5, 10}));
    BOOST_TEST(threshold.is_changing());
    BOOST_TEST(threshold.weigh(Weight::Refused, ~std::uint64_t{0}, {5, 10}));
    BOOST_TEST(!threshold.is_changing());
}

BOOST_AUTO_TEST_CASE(other_thresholds_start_the_count_anew) {
    Threshold threshold;
    threshold.record(Verdict::Passed, {5, 3});
    threshold.record(Verdict::Failed, {5, 3});
    threshold.restart_count();
    threshold.record(Verdict::Failed, {5, 2});
    BOOST_TEST((threshold.state() == HealthState::Healthy));
    threshold.record(Verdict::Failed, {5, 2});
    BOOST_TEST((threshold.state() == HealthState::Unhealthy));
}

BOOST_AUTO_TEST_CASE(every_state_has_its_reason) {
    BOOST_TEST((reason_of(HealthState::Initial) == HealthReason::ElbInitialHealthChecking));
    BOOST_TEST((reason_of(HealthState::Healthy) == HealthReason::None));
    BOOST_TEST((reason_of(HealthState::Unhealthy) == HealthReason::TargetFailedHealthChecks));
    BOOST_TEST((reason_of(HealthState::Unavailable) == HealthReason::ElbInternalError));
}

/// Against random results: no transition that the guide forbids, judged from the results alone.
BOOST_AUTO_TEST_CASE(no_random_sequence_makes_a_forbidden_transition) {
    std::mt19937 engine(20231121);
    const auto below = [&](std::uint32_t limit) {
        return std::uniform_int_distribution<std::uint32_t>(0, limit - 1)(engine);
    };
    for (int round = 0; round < 2000; ++round) {
        const Thresholds limits{2 + below(9), 2 + below(9)};
        const std::uint32_t bias = 1 + below(9);
        Threshold threshold;
        std::uint32_t passes = 0;
        std::uint32_t failures = 0;
        for (int i = 0; i < 200; ++i) {
            const bool passed = below(10) < bias;
            passes = passed ? passes + 1 : 0;
            failures = passed ? 0 : failures + 1;
            const HealthState before = threshold.state();
            threshold.record(passed ? Verdict::Passed : Verdict::Failed, limits);
            const HealthState after = threshold.state();
            BOOST_REQUIRE((after != HealthState::Unavailable));
            if (before == HealthState::Initial && passed)
                BOOST_REQUIRE((after == HealthState::Healthy));
            if (failures >= limits.unhealthy) BOOST_REQUIRE((after == HealthState::Unhealthy));
            if (passes >= limits.healthy) BOOST_REQUIRE((after == HealthState::Healthy));
            if (before == after) continue;
            BOOST_REQUIRE((after != HealthState::Initial));
            if (after == HealthState::Unhealthy) BOOST_REQUIRE(failures >= limits.unhealthy);
            if (before == HealthState::Unhealthy) BOOST_REQUIRE(passes >= limits.healthy);
        }
    }
}

/// The same with flows and unknowns mixed in: `healthy` comes by passed checks alone, `unhealthy`
/// only after something spoke against the target, `unavailable` only after unknowns in a row.
BOOST_AUTO_TEST_CASE(no_mixture_of_results_and_flows_makes_a_forbidden_transition) {
    std::mt19937 engine(20261122);
    const auto below = [&](std::uint32_t limit) {
        return std::uniform_int_distribution<std::uint32_t>(0, limit - 1)(engine);
    };
    for (int round = 0; round < 2000; ++round) {
        const Thresholds limits{2 + below(9), 2 + below(9)};
        const std::string_view letters = "ppppfffxrsu";
        const std::size_t from = below(6);
        Threshold threshold;
        std::uint32_t unknowns = 0;
        std::uint32_t against = 0; // since the last pass, in halves of a failed check
        std::uint32_t passes = 0;
        for (int i = 0; i < 200; ++i) {
            const char c = letters[from + below(static_cast<std::uint32_t>(letters.size() - from))];
            const HealthState before = threshold.state();
            take(threshold, c, limits);
            const HealthState after = threshold.state();
            if (c == 'p') against = 0;
            if (c == 'p') ++passes;
            if (c == 'f') passes = 0;
            if (c == 'f' || c == 'x' || c == 's') against += 2;
            if (c == 'r') ++against;
            if (c == 'u') ++unknowns;
            if (c == 'p' || c == 'f') unknowns = 0;
            if (before == after) continue;
            BOOST_REQUIRE((after != HealthState::Initial || before == HealthState::Unavailable));
            BOOST_REQUIRE((after != HealthState::Unused && after != HealthState::Draining));
            if (after == HealthState::Unavailable) BOOST_REQUIRE(unknowns >= limits.unhealthy);
            if (after == HealthState::Healthy)
                BOOST_REQUIRE((c == 'p' || before == HealthState::Unavailable));
            if (before == HealthState::Unhealthy && after == HealthState::Healthy)
                BOOST_REQUIRE(passes >= limits.healthy);
            if (before == HealthState::Healthy && after == HealthState::Unhealthy)
                BOOST_REQUIRE(against >= 2 * limits.unhealthy);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
