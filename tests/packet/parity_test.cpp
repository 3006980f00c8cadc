// SPDX-License-Identifier: Apache-2.0
// Seeded random frames through userspace and through the kernel: equal verdicts, equal frames.
// NLB_PARITY_FRAMES sets how many (default 100,000), NLB_PARITY_SEED which.
#include "packet/random_frames.hpp"
#include "packet/scenario.hpp"
#include "support/route_lines.hpp"
#include "tables/build.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <cstring>

using namespace nlb::test;

namespace {

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// Every kind of group, a target that resets its flows, and one group without targets.
nlb::flow::Tables varied_tables() {
    std::vector<nlb::contract::Message> lines;
    const auto group = [&](std::uint16_t port, const std::string& name, bool preserve, bool sticky,
                           int targets) {
        lines.emplace_back(listener_line(port, name));
        lines.emplace_back(routing_line(name, preserve, sticky));
        for (int i = 1; i <= targets; ++i)
            lines.emplace_back(route_line("10.0.1." + std::to_string(i), port, i % 5 != 0, name));
    };
    group(80, "tg-plain", false, false, 9);
    group(81, "tg-preserve", true, false, 4);
    group(82, "tg-sticky", false, true, 30);
    group(83, "tg-empty", false, false, 0);
    group(84, "tg-up", false, false, 1);
    std::get<nlb::contract::Routing>(lines[lines.size() - 2]).proxy_protocol_v2 = true;
    return nlb::tables::build(lines).value();
}

bool equal(const nlb::flow::Decision& a, const nlb::flow::Decision& b) {
    return std::memcmp(&a.verdict, &b.verdict, sizeof(a.verdict)) == 0 &&
           std::memcmp(&a.desc, &b.desc, sizeof(a.desc)) == 0;
}

} // namespace

BOOST_AUTO_TEST_SUITE(packet_parity)

BOOST_AUTO_TEST_CASE(random_frames_meet_the_same_fate_in_userspace_and_in_the_kernel) {
    const std::uint64_t seed = number_from("NLB_PARITY_SEED", 2023);
    const std::uint64_t count = number_from("NLB_PARITY_FRAMES", 100'000);
    const nlb::flow::Tables tables = varied_tables();
    auto all = engines(tables, {.most_flows = 20'000});
    if (all.size() < 2) return; // engines() has said why
    RandomFrames frames(seed);
    for (std::uint64_t i = 0; i < count; ++i) {
        const Frame in = frames.next();
        const nlb::Nanos now = frames.now();
        if (i % 10'000 == 9'999) {
            for (Engine& engine : all)
                engine.sweep(now, nlb::Nanos::seconds(60));
        }
        Frame user = in;
        Frame kernel = in;
        const auto in_user = all[0].decide(user, now);
        const auto in_kernel = all[1].decide(kernel, now);
        frames.learn(in_user);
        if (equal(in_user, in_kernel) && user == kernel) continue;
        BOOST_FAIL("seed " << seed << ", frame " << i << ": user "
                           << nlb::flow::reason_text(in_user.verdict.reason) << ", tc "
                           << nlb::flow::reason_text(in_kernel.verdict.reason) << "\n"
                           << hex_dump(in) << "\nuser\n"
                           << hex_dump(user) << "\ntc\n"
                           << hex_dump(kernel) << "\nsaved: "
                           << save_frames("parity-" + std::to_string(i), {in, user, kernel}));
    }
    const auto counters = all[0].counters();
    BOOST_TEST(counters == all[1].counters(), "the counters differ");
    std::string text;
    for (std::size_t reason = 0; reason < counters.size(); ++reason)
        text += "\n  " + std::string(nlb::flow::reason_text(static_cast<std::uint8_t>(reason))) +
                " " + std::to_string(counters[reason]);
    BOOST_TEST_MESSAGE("parity: seed " << seed << ", " << count
                                       << " frames, 0 different; by reason:" << text);
}

BOOST_AUTO_TEST_SUITE_END()
