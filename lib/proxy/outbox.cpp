// SPDX-License-Identifier: Apache-2.0
#include "proxy/outbox.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

namespace nlb::proxy {

void ring_bell(int fd) {
    const std::uint64_t one = 1;
    // EAGAIN means that the bell has rung already.
    [[maybe_unused]] const ssize_t n = ::write(fd, &one, sizeof one);
}

void silence_bell(int fd) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = ::read(fd, &count, sizeof count);
}

Result<void> Outbox::open() {
    event_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!event_.is_open()) return io::sys_error("create an event descriptor");
    return {};
}

void Outbox::wake() {
    ring_bell(event_.get());
}

void Outbox::applied(std::uint64_t job) {
    {
        const std::lock_guard lock(mutex_);
        content_.applied.push_back(job);
    }
    wake();
}

void Outbox::idle() {
    {
        const std::lock_guard lock(mutex_);
        ++content_.idle;
    }
    wake();
}

void Outbox::paused() {
    {
        const std::lock_guard lock(mutex_);
        content_.paused = true;
    }
    wake();
}

void Outbox::shows(FlowPortion portion) {
    {
        const std::lock_guard lock(mutex_);
        content_.portions.push_back(std::move(portion));
    }
    wake();
}

void Outbox::hands_over(UdpHandover handover) {
    {
        const std::lock_guard lock(mutex_);
        content_.handovers.push_back(std::move(handover));
    }
    wake();
}

std::size_t Outbox::put(std::vector<FlowRecord>& flows) {
    std::size_t dropped = 0;
    bool was_empty = false;
    {
        const std::lock_guard lock(mutex_);
        std::vector<FlowRecord>& all = content_.flows;
        was_empty = all.empty();
        const std::size_t fits = std::min(flows.size(), kMostFlows - all.size());
        dropped = flows.size() - fits;
        const auto end = flows.begin() + static_cast<std::ptrdiff_t>(fits);
        std::move(flows.begin(), end, std::back_inserter(all));
    }
    flows.clear();
    if (was_empty) wake();
    return dropped;
}

template <class T>
void Outbox::append(std::vector<T>& from, std::vector<T>& to) {
    bool was_empty = false;
    {
        const std::lock_guard lock(mutex_);
        was_empty = to.empty();
        const std::size_t fits = std::min(from.size(), kMostFlows - to.size());
        const auto end = from.begin() + static_cast<std::ptrdiff_t>(fits);
        std::move(from.begin(), end, std::back_inserter(to));
    }
    from.clear();
    if (was_empty) wake();
}

template void Outbox::append(std::vector<TargetSign>& from, std::vector<TargetSign>& to);
template void Outbox::append(std::vector<Trouble>& from, std::vector<Trouble>& to);

template void Outbox::append(std::vector<std::shared_ptr<const ListenerInfo>>& from,
                             std::vector<std::shared_ptr<const ListenerInfo>>& to);

Outbox::Content Outbox::take() {
    silence_bell(event_.get());
    const std::lock_guard lock(mutex_);
    return std::exchange(content_, {});
}

} // namespace nlb::proxy
