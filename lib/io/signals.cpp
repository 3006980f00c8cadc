// SPDX-License-Identifier: Apache-2.0
#include "io/signals.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

namespace nlb::io {

Result<Signals> Signals::watch(EventLoop& loop, std::initializer_list<int> signals,
                               std::function<void(int)> handler) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals)
        sigaddset(&set, signal);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    Fd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd.is_open()) return sys_error("create a signal descriptor");
    const int raw = fd.get();
    auto added = loop.add(raw, EPOLLIN, [raw, handler = std::move(handler)](std::uint32_t) {
        signalfd_siginfo info{};
        while (::read(raw, &info, sizeof info) == sizeof info) {
            handler(static_cast<int>(info.ssi_signo));
        }
    });
    if (!added) return tl::unexpected<Error>(added.error());
    return Signals(std::move(fd));
}

} // namespace nlb::io
