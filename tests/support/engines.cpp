// SPDX-License-Identifier: Apache-2.0
#include "support/engines.hpp"

#ifdef NLB_WITH_BPF
#include "io/bpf_object.hpp"
#endif

#include <boost/test/unit_test.hpp>

#include <sched.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <string_view>
#include <tuple>

namespace nlb::test {

namespace {

void skip_kernel(const std::string& why) {
    const char* required = std::getenv("NLB_REQUIRE_BPF");
    if (required != nullptr && std::string_view(required) == "1")
        BOOST_FAIL("the kernel's engines are required: " + why);
    static bool told = false;
    if (!told) BOOST_TEST_MESSAGE("the kernel's engines are skipped: " + why);
    told = true;
}

Engine user_engine(const flow::Tables& tables, const flow::EngineLimits& limits) {
    auto engine = std::make_shared<flow::UserEngine>(tables, limits);
    return {"user",
            [engine](std::vector<std::uint8_t>& frame, Nanos now) {
                return engine->decide(frame, now);
            },
            [engine] { return engine->counters(); },
            [engine](Nanos now, Nanos kept) { engine->sweep(now, kept); },
            [engine](const flow::Tables& next) { engine->set_tables(next); }};
}

#ifdef NLB_WITH_BPF
/// The guard counts on each CPU, and a test run takes the CPU of whoever asks for it.
void stay_on_this_cpu() {
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(static_cast<std::size_t>(sched_getcpu()), &only);
    BOOST_REQUIRE_EQUAL(sched_setaffinity(0, sizeof(only), &only), 0);
}

struct Kernel {
    io::BpfObject object;
    flow::Counters before{}; ///< what others counted
    Nanos ahead{};           ///< of the time that the test tells
};

/// Loading takes the verifier a while, so programs are used again: flows are swept away, and time
/// goes on far from what fragments, ports and the guard remember.
Result<void> freshen(Kernel& kernel, const flow::Tables& tables) {
    kernel.ahead += Nanos::seconds(1'000'000);
    if (auto swept = kernel.object.sweep(kernel.ahead, Nanos{}); !swept) return swept;
    if (auto set = kernel.object.set_tables(tables); !set) return set;
    auto counted = kernel.object.counters();
    if (!counted) return tl::unexpected(counted.error());
    kernel.before = *counted;
    return {};
}

Result<std::shared_ptr<Kernel>> kernel_for(io::Hook hook, const flow::Tables& tables,
                                           const flow::EngineLimits& limits) {
    using Key = std::tuple<io::Hook, std::size_t, std::uint64_t, std::uint32_t>;
    static std::map<Key, std::shared_ptr<Kernel>> loaded;
    auto& kernel = loaded[{hook, limits.most_flows, limits.new_flows_per_second, limits.mtu}];
    if (kernel == nullptr) {
        auto object = io::BpfObject::load(hook, tables, limits);
        if (!object) return tl::unexpected(object.error());
        kernel = std::make_shared<Kernel>(Kernel{std::move(*object)});
    } else if (auto fresh = freshen(*kernel, tables); !fresh) {
        return tl::unexpected(fresh.error());
    }
    return kernel;
}

flow::Counters counted_since(const Kernel& kernel) {
    flow::Counters counted = kernel.object.counters().value();
    for (std::size_t reason = 0; reason < counted.size(); ++reason)
        counted[reason] -= kernel.before[reason];
    return counted;
}

void add_kernel(io::Hook hook, const flow::Tables& tables, const flow::EngineLimits& limits,
                std::vector<Engine>& out) {
    auto found = kernel_for(hook, tables, limits);
    if (!found) return skip_kernel(found.error().text());
    const auto kernel = *found;
    out.push_back({std::string(io::to_text(hook)),
                   [kernel](std::vector<std::uint8_t>& frame, Nanos now) {
                       auto decision = kernel->object.decide(frame, now + kernel->ahead);
                       if (!decision) BOOST_FAIL(decision.error().text());
                       return *decision;
                   },
                   [kernel] { return counted_since(*kernel); },
                   [kernel](Nanos now, Nanos kept) {
                       const auto swept = kernel->object.sweep(now + kernel->ahead, kept);
                       BOOST_REQUIRE(swept.has_value());
                   },
                   [kernel](const flow::Tables& next) {
                       const auto set = kernel->object.set_tables(next);
                       if (!set) BOOST_FAIL(set.error().text());
                   }});
}
#endif

} // namespace

std::vector<Engine> engines(const flow::Tables& tables, const flow::EngineLimits& limits) {
    std::vector<Engine> out{user_engine(tables, limits)};
#ifdef NLB_WITH_BPF
    stay_on_this_cpu();
    add_kernel(io::Hook::Tc, tables, limits, out);
    add_kernel(io::Hook::Xdp, tables, limits, out);
#else
    skip_kernel("built without NLB_WITH_BPF");
#endif
    return out;
}

} // namespace nlb::test
