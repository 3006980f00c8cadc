// SPDX-License-Identifier: Apache-2.0
#include "packet_engine.hpp"

#ifdef NLB_WITH_BPF
#include "io/bpf_object.hpp"
#endif

#include <memory>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

PacketEngine user_engine(const flow::Tables& tables) {
    auto engine = std::make_shared<flow::UserEngine>(tables);
    return {[engine](std::vector<std::uint8_t>& frame, Nanos now) -> Result<flow::Decision> {
                return engine->decide(frame, now);
            },
            [engine](Nanos now, Nanos kept) -> Result<void> {
                engine->sweep(now, kept);
                return {};
            }};
}

#ifdef NLB_WITH_BPF
Result<PacketEngine> tc_engine(const flow::Tables& tables) {
    auto loaded = io::BpfObject::load(tables);
    if (!loaded) return forward(loaded.error(), "--engine tc");
    auto object = std::make_shared<io::BpfObject>(std::move(*loaded));
    return PacketEngine{[object](std::vector<std::uint8_t>& frame, Nanos now) {
                            return object->decide(frame, now);
                        },
                        [object](Nanos now, Nanos kept) { return object->sweep(now, kept); }};
}
#else
Result<PacketEngine> tc_engine(const flow::Tables&) {
    return fail(Errc::System, "--engine tc: this nlb-forward was built without BPF");
}
#endif

} // namespace

Result<PacketEngine> make_engine(const std::string& name, const flow::Tables& tables) {
    if (name == "tc") return tc_engine(tables);
    return user_engine(tables);
}
