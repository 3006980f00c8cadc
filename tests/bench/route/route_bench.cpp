// SPDX-License-Identifier: Apache-2.0
// How long nlb-policy and a forwarder compute between a target-health line and new rings: one
// group of 1,000 targets, cross-zone over two zones. Prints medians and maxima; no pass or fail.
//   bench_route [targets [rounds]]
#include "unit/route/scene.hpp"

#include "route/publisher.hpp"
#include "route/ring.hpp"

#include "contract/sets.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

using namespace nlb;

namespace {

using Clock = std::chrono::steady_clock;

class Times {
  public:
    explicit Times(const char* what) : what_(what) {}

    template <class Work>
    void measure(Work&& work) {
        const Clock::time_point start = Clock::now();
        work();
        ms_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
    }

    void print() {
        std::sort(ms_.begin(), ms_.end());
        std::printf("%-44s median %8.3f ms   max %8.3f ms\n", what_, ms_[ms_.size() / 2],
                    ms_.back());
    }

  private:
    const char* what_;
    std::vector<double> ms_;
};

model::Configuration configuration(int targets) {
    model::Configuration made = scene::two_zones();
    made.load_balancers[0].attributes.load_balancing_cross_zone_enabled = true;
    for (int n = 0; n < targets; ++n) {
        made.target_groups[0].targets.push_back(
            scene::target("10." + std::to_string(n / 65536) + "." + std::to_string(n / 256 % 256) +
                              "." + std::to_string(n % 256),
                          n % 2 == 0 ? "a" : "b"));
    }
    return made;
}

contract::TargetHealth report(const model::Configuration& made, std::size_t n, bool healthy) {
    contract::TargetHealth line;
    line.group = made.target_groups[0].id;
    line.target = made.target_groups[0].targets[n].key();
    line.state = healthy ? model::HealthState::Healthy : model::HealthState::Unhealthy;
    return line;
}

/// The eligible targets of the first node.
std::vector<route::Member> members(const contract::Set& set) {
    std::vector<route::Member> found;
    for (const contract::Message& message : set.lines) {
        const auto* line = std::get_if<contract::Route>(&message);
        if (line != nullptr && line->eligible && line->zone == "a") {
            found.push_back({line->target.value, 1});
        }
    }
    return found;
}

} // namespace

int main(int argc, char** argv) {
    const int targets = argc > 1 ? std::atoi(argv[1]) : 1000;
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 101;
    if (targets < 1 || targets > 100'000 || rounds < 1) {
        std::fprintf(stderr, "usage: bench_route [targets [rounds]]\n");
        return 2;
    }
    const model::Configuration made = configuration(targets);
    route::Publisher publisher(made);
    for (std::size_t n = 0; n < made.target_groups[0].targets.size(); ++n)
        publisher.take(report(made, n, true), "0000000000000001");
    publisher.publish({});

    Times policy("health line -> evaluate, compare");
    Times writing("route-set -> NDJSON");
    Times reading("NDJSON -> route-set");
    Times ring("ring of one node");
    std::size_t bytes = 0;
    std::size_t slots = 0;
    for (int n = 0; n < rounds; ++n) {
        route::Published published;
        policy.measure([&] {
            publisher.take(report(made, 0, n % 2 == 1), "0000000000000001");
            published = publisher.publish({});
        });
        contract::StreamWriter writer({.contract = 1, .tool = "bench", .instance = "1"});
        writing.measure([&] {
            for (const contract::Set& set : publisher.route_sets(published.route_sets))
                contract::append_set(set, writer);
        });
        const std::string text = writer.drain();
        bytes = text.size();
        contract::Set got;
        reading.measure([&] {
            contract::StreamReader reader;
            contract::SetAssembler assembler;
            for (const contract::Event& event : reader.feed(text)) {
                auto outcome = assembler.take(event);
                if (auto* set = std::get_if<contract::Set>(&outcome)) got = std::move(*set);
            }
        });
        const auto eligible = members(got);
        ring.measure([&] {
            slots =
                route::build_ring(eligible, route::ring_size(made.target_groups[0].targets.size()))
                    .slots.size();
        });
    }
    std::printf("%d targets, 2 zones, %d rounds; a route-set is %zu bytes, a ring %zu slots\n",
                targets, rounds, bytes, slots);
    for (Times* times : {&policy, &writing, &reading, &ring})
        times->print();
    return 0;
}
