// SPDX-License-Identifier: Apache-2.0
// Signals as a descriptor: a daemon reads them in its loop and has no handlers.
#pragma once

#include "io/event_loop.hpp"

#include <functional>
#include <initializer_list>

namespace nlb::io {

class Signals {
  public:
    /// Blocks `signals` in this thread and those it starts later, and calls `handler` in the loop.
    static Result<Signals> watch(EventLoop& loop, std::initializer_list<int> signals,
                                 std::function<void(int)> handler);

  private:
    explicit Signals(Fd fd) : fd_(std::move(fd)) {}

    Fd fd_;
};

} // namespace nlb::io
