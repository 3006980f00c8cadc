// SPDX-License-Identifier: Apache-2.0
#include "replay_engine.hpp"

#ifdef NLB_WITH_BPF
#include "io/bpf_object.hpp"
#endif

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

using Made = Result<std::unique_ptr<replay::Engine>>;

#ifdef NLB_WITH_BPF
class InKernel final : public replay::Engine {
  public:
    explicit InKernel(io::BpfObject object) : object_(std::move(object)) {}

    Result<const flow::Decision*> decide(std::vector<std::uint8_t>& frame, Nanos now) override {
        auto decision = object_.decide(frame, now);
        if (!decision) return tl::unexpected<Error>(decision.error());
        decision_ = *decision;
        return &decision_;
    }

    Result<void> sweep(Nanos now, Nanos kept) override { return object_.sweep(now, kept); }

    Result<void> set_tables(const flow::Tables& tables) override {
        return object_.set_tables(tables);
    }

  private:
    io::BpfObject object_;
    flow::Decision decision_;
};

Made kernel_engine(io::Hook hook, const flow::Tables& tables) {
    auto loaded = io::BpfObject::load(hook, tables);
    if (!loaded) return forward(loaded.error(), "--engine " + std::string(io::to_text(hook)));
    return std::make_unique<InKernel>(std::move(*loaded));
}
#endif

} // namespace

Made make_engine(const ReplayOptions& options, const flow::Tables& tables) {
    if (options.engine == "user") return replay::user_engine(tables, options.explain);
    if (options.explain) return fail(Errc::Usage, "--explain needs --engine user");
#ifdef NLB_WITH_BPF
    return kernel_engine(options.engine == "xdp" ? io::Hook::Xdp : io::Hook::Tc, tables);
#else
    return fail(Errc::System,
                "--engine " + options.engine + ": this nlb-forward was built without BPF");
#endif
}
