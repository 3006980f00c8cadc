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
Result<PacketEngine> kernel_engine(io::Hook hook, const flow::Tables& tables) {
    auto loaded = io::BpfObject::load(hook, tables);
    if (!loaded) return forward(loaded.error(), "--engine " + std::string(io::to_text(hook)));
    auto object = std::make_shared<io::BpfObject>(std::move(*loaded));
    return PacketEngine{[object](std::vector<std::uint8_t>& frame, Nanos now) {
                            return object->decide(frame, now);
                        },
                        [object](Nanos now, Nanos kept) { return object->sweep(now, kept); }};
}
#endif

} // namespace

Result<PacketEngine> make_engine(const std::string& name, const flow::Tables& tables) {
    if (name == "user") return user_engine(tables);
#ifdef NLB_WITH_BPF
    return kernel_engine(name == "xdp" ? io::Hook::Xdp : io::Hook::Tc, tables);
#else
    return fail(Errc::System, "--engine " + name + ": this nlb-forward was built without BPF");
#endif
}
