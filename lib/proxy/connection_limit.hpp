// SPDX-License-Identifier: Apache-2.0
// ConnectionLimit: how many connections a listener may have at a time on this node, over all worker
// threads. At the limit nothing is accepted: clients wait in the kernel's queue, as with HAProxy's
// maxconn, so that a short excess costs them time instead of a failed connection. Threads that have
// to wait get the next free places in turn; without a limit a place costs one atomic addition.
#pragma once

#include "model/names.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace nlb::proxy {

class ConnectionLimit : public std::enable_shared_from_this<ConnectionLimit> {
  public:
    static constexpr std::uint64_t kNone = ~std::uint64_t{0};

    /// A worker's: it holds a place of `limit` for its listening socket `slot` now. Called from any
    /// thread, under a lock: it must not call back.
    using OnPlace =
        std::function<void(std::uint32_t slot, const std::shared_ptr<ConnectionLimit>& limit)>;

    /// kNone: no limit. Below the connections there are, none is accepted until enough have ended.
    void set(std::uint64_t most);

    [[nodiscard]] std::uint64_t most() const { return most_.load(std::memory_order_relaxed); }

    /// True: a place is taken. False: `on_place` is called for `slot` when its turn has come; both
    /// stay until then, or until leave().
    bool take(const OnPlace& on_place, std::uint32_t slot);

    /// A connection ended, or a place was not needed.
    void give_back();

    /// Waits no more; a place that was held already comes all the same.
    void leave(const OnPlace& on_place, std::uint32_t slot);

  private:
    struct Waiter {
        const OnPlace* on_place;
        std::uint32_t slot;

        bool operator==(const Waiter&) const = default;
    };

    bool try_take();
    void hand_out();

    std::atomic<std::uint64_t> most_{kNone};
    std::atomic<std::uint64_t> used_{0};
    std::atomic<bool> any_waits_{false};
    std::mutex mutex_; // of waiting_
    std::deque<Waiter> waiting_;
};

/// Those of all listeners. They live as long as the process: connections of a listener that comes
/// back count as before.
class ConnectionLimits {
  public:
    /// Of all addresses that the listener has in the zone; nothing: no limit from now on.
    std::shared_ptr<ConnectionLimit> of(const model::ListenerId& listener, const std::string& zone,
                                        std::optional<std::uint64_t> most);

  private:
    std::map<std::pair<model::ListenerId, std::string>, std::shared_ptr<ConnectionLimit>> all_;
};

} // namespace nlb::proxy
