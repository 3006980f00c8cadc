// SPDX-License-Identifier: Apache-2.0
// When a connection has been idle for its timeout [p.13]. Data is noted when it moves; a TCP
// keepalive is answered by the kernel and seen by nobody, but the kernel counts it among the
// segments that came. So the count is looked at twice: once when a connection has been quiet for a
// while, when the acknowledgments of its last data are in, and again at its deadline. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

namespace nlb::proxy {

/// How long after its last data a connection is first looked at, and how often it is asked whether
/// there was any: twice this is the part of the timeout in which a keepalive is not told from what
/// belongs to the data.
constexpr std::int64_t settle_ms(std::int64_t timeout_ms) {
    return std::min<std::int64_t>(timeout_ms / 16, 15'000);
}

class IdleCheck {
  public:
    struct Verdict {
        bool is_over = false;
        std::int64_t again_ms = 0; ///< when to check next; not when it is over
    };

    /// `last_ms`: when something last happened, moved on when a keepalive shows. `segments` counts
    /// those that came on either side; it is a system call, asked for quiet connections only.
    template <class Segments>
    Verdict check(std::int64_t now_ms, std::int64_t timeout_ms, std::int64_t& last_ms,
                  Segments&& segments) {
        const std::int64_t settle = settle_ms(timeout_ms);
        if (last_ms + settle > now_ms) return {false, last_ms + settle};
        const bool was_quiet = looked_ms_ >= last_ms; // since the last look, as far as data goes
        const std::int64_t due = last_ms + timeout_ms;
        if (was_quiet && now_ms < due) return {false, std::min(due, now_ms + settle)};
        const std::uint32_t now = segments();
        const bool heard = was_quiet && now != segments_;
        if (was_quiet && !heard) return {true, 0};
        segments_ = now;
        looked_ms_ = now_ms;
        // It came at some time since the last look; the later, the longer the connection lives.
        if (heard) last_ms = now_ms;
        return {false, now_ms + settle};
    }

  private:
    std::int64_t looked_ms_ = -1;
    std::uint32_t segments_ = 0;
};

} // namespace nlb::proxy
