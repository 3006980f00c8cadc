// SPDX-License-Identifier: Apache-2.0
// Where packets of a replay are decided: in this process, or elsewhere behind the same face.
#pragma once

#include "flow/user_engine.hpp"

#include "base/result.hpp"

#include <memory>
#include <span>
#include <vector>

namespace nlb::replay {

class Engine {
  public:
    Engine() = default;
    virtual ~Engine() = default;
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// flow::UserEngine::decide; what it points to is valid until the next call.
    virtual Result<const flow::Decision*> decide(std::vector<std::uint8_t>& frame, Nanos now) = 0;

    /// flow::UserEngine::questions, where they are kept; else none.
    [[nodiscard]] virtual std::span<const flow::Asked> questions() const { return {}; }

    /// flow::UserEngine::sweep
    virtual Result<void> sweep(Nanos now, Nanos kept) = 0;

    /// flow::UserEngine::set_tables: `tables` must outlive the engine or the next call.
    virtual Result<void> set_tables(const flow::Tables& tables) = 0;
};

/// Decides in this process. With `keeps_questions` it tells why.
std::unique_ptr<Engine> user_engine(const flow::Tables& tables, bool keeps_questions);

} // namespace nlb::replay
