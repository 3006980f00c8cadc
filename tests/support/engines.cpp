// SPDX-License-Identifier: Apache-2.0
#include "support/engines.hpp"

#ifdef NLB_WITH_BPF
#include "io/bpf_object.hpp"
#endif

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <memory>
#include <string_view>

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
void add_kernel(io::Hook hook, const flow::Tables& tables, const flow::EngineLimits& limits,
                std::vector<Engine>& out) {
    auto loaded = io::BpfObject::load(hook, tables, limits);
    if (!loaded) return skip_kernel(loaded.error().text());
    auto object = std::make_shared<io::BpfObject>(std::move(*loaded));
    out.push_back(
        {std::string(io::to_text(hook)),
         [object](std::vector<std::uint8_t>& frame, Nanos now) {
             auto decision = object->decide(frame, now);
             if (!decision) BOOST_FAIL(decision.error().text());
             return *decision;
         },
         [object] { return object->counters().value(); },
         [object](Nanos now, Nanos kept) { BOOST_REQUIRE(object->sweep(now, kept).has_value()); }});
}
#endif

} // namespace

std::vector<Engine> engines(const flow::Tables& tables, const flow::EngineLimits& limits) {
    std::vector<Engine> out{user_engine(tables, limits)};
#ifdef NLB_WITH_BPF
    add_kernel(io::Hook::Tc, tables, limits, out);
    add_kernel(io::Hook::Xdp, tables, limits, out);
#else
    skip_kernel("built without NLB_WITH_BPF");
#endif
    return out;
}

} // namespace nlb::test
