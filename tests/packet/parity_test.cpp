// SPDX-License-Identifier: Apache-2.0
// Seeded random frames through every engine: equal verdicts, equal frames, equal counters, and
// nothing that breaks the rules of verdicts. NLB_PARITY_FRAMES sets how many, NLB_PARITY_SEED
// which.
#include "packet/random_frames.hpp"
#include "packet/random_tables.hpp"
#include "packet/scenario.hpp"
#include "support/verdict_rules.hpp"
#include "tables/build.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <cstring>
#include <deque>

using namespace nlb::test;

namespace {

constexpr std::uint64_t kDefaultFrames = 200'000;
constexpr std::uint64_t kFewestFrames = 100'000; ///< source ports run out after 55,000
constexpr std::uint64_t kFramesPerTables = 2'000;
constexpr std::uint64_t kFramesPerSweep = 10'000;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Phase {
    const char* name;
    std::uint64_t share; ///< of the frames, in tenths
    nlb::flow::EngineLimits limits;
    bool runs_out_of_ports = false; ///< before anything else 55,000 flows to one target
};

const Phase kPhases[] = {
    {"plain", 4, {.most_flows = 20'000}},
    {"guard", 1, {.most_flows = 20'000, .new_flows_per_second = 40}},
    {"narrow", 2, {.most_flows = 20'000, .mtu = 600}},
    {"small", 1, {.most_flows = 63}},
    {"ports", 2, {.most_flows = 120'000}, true},
};

bool equal(const nlb::flow::Decision& a, const nlb::flow::Decision& b) {
    return std::memcmp(&a.verdict, &b.verdict, sizeof(a.verdict)) == 0 &&
           std::memcmp(&a.desc, &b.desc, sizeof(a.desc)) == 0;
}

/// One phase on all engines.
class Parity {
  public:
    Parity(const Phase& phase, std::uint64_t seed)
        : phase_(phase), seed_(seed), random_(seed), frames_(seed),
          current_(&tables_.emplace_back(nlb::tables::build(random_lines(random_)).value())),
          engines_(engines(*current_, phase.limits)) {
        if (phase.runs_out_of_ports) frames_.hurry();
    }

    void run(std::uint64_t count) {
        for (; number_ < count; ++number_) {
            const bool fills = phase_.runs_out_of_ports && number_ < NLB_SNAT_PORTS;
            if (!fills && number_ % kFramesPerTables == 0) swap();
            if (number_ % kFramesPerSweep == kFramesPerSweep - 1) sweep();
            decide(fills ? RandomFrames::opening(static_cast<std::uint32_t>(number_))
                         : frames_.next());
        }
    }

    /// Equal on all engines.
    nlb::flow::Counters counters() {
        const auto counted = engines_[0].counters();
        for (Engine& engine : engines_)
            BOOST_TEST(engine.counters() == counted, engine.name << ": the counters differ");
        return counted;
    }

    [[nodiscard]] std::size_t engine_count() const { return engines_.size(); }

  private:
    void swap() {
        current_ =
            &tables_.emplace_back(nlb::tables::build(random_lines(random_), {}, current_).value());
        for (Engine& engine : engines_)
            engine.set_tables(*current_);
        while (tables_.size() > 2)
            tables_.pop_front();
    }

    void sweep() {
        for (Engine& engine : engines_)
            engine.sweep(frames_.now(), nlb::Nanos::seconds(60));
    }

    void decide(const Frame& in) {
        Frame first = in;
        const auto wanted = engines_[0].decide(first, frames_.now());
        frames_.learn(wanted);
        const std::string complaint = verdict_complaint(in, first, wanted);
        if (!complaint.empty()) fail(complaint, in, first, first);
        for (std::size_t i = 1; i < engines_.size(); ++i) {
            Frame other = in;
            const auto got = engines_[i].decide(other, frames_.now());
            if (equal(wanted, got) && first == other) continue;
            fail("user " + std::string(nlb::flow::reason_text(wanted.verdict.reason)) + ", " +
                     engines_[i].name + " " +
                     std::string(nlb::flow::reason_text(got.verdict.reason)),
                 in, first, other);
        }
    }

    void fail(const std::string& what, const Frame& in, const Frame& user, const Frame& other) {
        BOOST_FAIL("phase " << phase_.name << ", seed " << seed_ << ", frame " << number_ << ": "
                            << what << "\n"
                            << hex_dump(in) << "\nuser\n"
                            << hex_dump(user) << "\nother\n"
                            << hex_dump(other) << "\nsaved: "
                            << save_frames("parity-" + std::to_string(number_), {in, user, other}));
    }

    const Phase& phase_;
    std::uint64_t seed_;
    std::mt19937_64 random_;
    RandomFrames frames_;
    std::deque<nlb::flow::Tables> tables_; // engines keep references
    const nlb::flow::Tables* current_;
    std::vector<Engine> engines_;
    std::uint64_t number_ = 0;
};

/// Reasons that need what only a node has.
bool needs_a_node(std::size_t reason) {
    return reason == NLB_REASON_HOST_SOCKET || reason == NLB_REASON_HOST_PORT ||
           reason == NLB_REASON_INTERNET_GATEWAY || reason == NLB_REASON_NO_NEIGHBOR;
}

} // namespace

BOOST_AUTO_TEST_SUITE(packet_parity)

BOOST_AUTO_TEST_CASE(random_frames_meet_the_same_fate_on_every_engine) {
    const std::uint64_t seed = number_from("NLB_PARITY_SEED", 2023);
    const std::uint64_t count =
        std::max(number_from("NLB_PARITY_FRAMES", kDefaultFrames), kFewestFrames);
    nlb::flow::Counters totals{};
    std::size_t engine_count = 0;
    for (const Phase& phase : kPhases) {
        Parity parity(phase, seed);
        const std::uint64_t filling = phase.runs_out_of_ports ? NLB_SNAT_PORTS : 0;
        parity.run(filling + (count - NLB_SNAT_PORTS) * phase.share / 10);
        const auto counted = parity.counters();
        for (std::size_t reason = 0; reason < totals.size(); ++reason)
            totals[reason] += counted[reason];
        engine_count = parity.engine_count();
    }
    std::string text;
    for (std::size_t reason = 0; reason < totals.size(); ++reason) {
        const auto name = nlb::flow::reason_text(static_cast<std::uint8_t>(reason));
        text += "\n  " + std::string(name) + " " + std::to_string(totals[reason]);
        BOOST_TEST((totals[reason] != 0) != needs_a_node(reason), name << " was not met");
    }
    BOOST_TEST_MESSAGE("parity: seed " << seed << ", " << count << " frames, " << engine_count
                                       << " engines, 0 different; by reason:" << text);
}

BOOST_AUTO_TEST_SUITE_END()
