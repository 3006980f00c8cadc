// SPDX-License-Identifier: Apache-2.0
#include "replay/engine.hpp"

namespace nlb::replay {

namespace {

class InProcess final : public Engine {
  public:
    InProcess(const flow::Tables& tables, bool keeps_questions) : engine_(tables) {
        if (keeps_questions) engine_.keep_questions();
    }

    Result<const flow::Decision*> decide(std::vector<std::uint8_t>& frame, Nanos now) override {
        decision_ = engine_.decide(frame, now);
        return &decision_;
    }

    [[nodiscard]] std::span<const flow::Asked> questions() const override {
        return engine_.questions();
    }

    Result<void> sweep(Nanos now, Nanos kept) override {
        engine_.sweep(now, kept);
        return {};
    }

    Result<void> set_tables(const flow::Tables& tables) override {
        engine_.set_tables(tables);
        return {};
    }

  private:
    flow::UserEngine engine_;
    flow::Decision decision_;
};

} // namespace

std::unique_ptr<Engine> user_engine(const flow::Tables& tables, bool keeps_questions) {
    return std::make_unique<InProcess>(tables, keeps_questions);
}

} // namespace nlb::replay
