// SPDX-License-Identifier: Apache-2.0
// Every engine that decides packets, behind one face, so that each test runs on all of them.
#pragma once

#include "flow/user_engine.hpp"

#include <functional>
#include <string>
#include <vector>

namespace nlb::test {

struct Engine {
    std::string name; ///< "user", "tc", "xdp"
    std::function<flow::Decision(std::vector<std::uint8_t>&, Nanos)> decide;
    std::function<flow::Counters()> counters;
    std::function<void(Nanos, Nanos)> sweep;
    std::function<void(const flow::Tables&)> set_tables;
};

/// Fresh engines over `tables`, which must outlive them; the ones before of equal limits end here.
/// The kernel's are left out without rights, with a line that says so; with NLB_REQUIRE_BPF=1 that
/// is a failure of the running test.
std::vector<Engine> engines(const flow::Tables& tables,
                            const flow::EngineLimits& limits = {.most_flows = 4096});

} // namespace nlb::test
