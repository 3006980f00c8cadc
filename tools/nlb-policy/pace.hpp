// SPDX-License-Identifier: Apache-2.0
// When to make routes of what came in: as soon as no further input waits, so that what came
// together is one generation, and after kLongest at the latest, so that a flood delays nobody.
#pragma once

#include "base/time.hpp"

namespace nlb::policy {

class Pace {
  public:
    /// Something came in.
    void touch(Nanos now) {
        if (!since_.is_never()) return;
        since_ = now;
        paused_ = false;
    }

    /// No more input waits.
    void pause() { paused_ = true; }

    /// Asked once a round; true starts the next pace.
    bool due(Nanos now) {
        if (since_.is_never() || !(paused_ || now - since_ >= kLongest)) return false;
        since_ = Nanos::never();
        paused_ = false;
        return true;
    }

  private:
    static constexpr Nanos kLongest = Nanos::milliseconds(10);

    Nanos since_ = Nanos::never();
    bool paused_ = false;
};

} // namespace nlb::policy
