// SPDX-License-Identifier: Apache-2.0
#include "proxy/connection_limit.hpp"

#include <algorithm>

namespace nlb::proxy {

void ConnectionLimit::set(std::uint64_t most) {
    const std::lock_guard lock(mutex_);
    most_ = most;
    hand_out();
}

bool ConnectionLimit::try_take() {
    std::uint64_t used = used_;
    while (used < most_) {
        if (used_.compare_exchange_weak(used, used + 1)) return true;
    }
    return false;
}

bool ConnectionLimit::take(const OnPlace& on_place, std::uint32_t slot) {
    if (most() == kNone) {
        used_.fetch_add(1);
        return true;
    }
    const std::lock_guard lock(mutex_);
    if (waiting_.empty() && try_take()) return true;
    const Waiter waiter{&on_place, slot};
    if (std::find(waiting_.begin(), waiting_.end(), waiter) == waiting_.end())
        waiting_.push_back(waiter);
    // Said before the places are looked at once more: whoever gives one back without the lock
    // either sees this, or has given it back by now. Both need the one order of all atomics.
    any_waits_ = true;
    hand_out();
    return false;
}

void ConnectionLimit::give_back() {
    used_.fetch_sub(1);
    if (!any_waits_) return;
    const std::lock_guard lock(mutex_);
    hand_out();
}

void ConnectionLimit::leave(const OnPlace& on_place, std::uint32_t slot) {
    const std::lock_guard lock(mutex_);
    std::erase(waiting_, Waiter{&on_place, slot});
    any_waits_ = !waiting_.empty();
}

void ConnectionLimit::hand_out() {
    while (!waiting_.empty() && try_take()) {
        const Waiter first = waiting_.front();
        waiting_.pop_front();
        (*first.on_place)(first.slot, shared_from_this());
    }
    any_waits_ = !waiting_.empty();
}

std::shared_ptr<ConnectionLimit> ConnectionLimits::of(const model::ListenerId& listener,
                                                      const std::string& zone,
                                                      std::optional<std::uint64_t> most) {
    auto& limit = all_[{listener, zone}];
    if (!limit) limit = std::make_shared<ConnectionLimit>();
    const std::uint64_t wanted = most.value_or(ConnectionLimit::kNone);
    if (limit->most() != wanted) limit->set(wanted);
    return limit;
}

} // namespace nlb::proxy
