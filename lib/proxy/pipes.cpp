// SPDX-License-Identifier: Apache-2.0
#include "proxy/pipes.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace nlb::proxy {

std::optional<Pipe> PipePool::take() {
    if (!idle_.empty()) {
        Pipe pipe = std::move(idle_.back());
        idle_.pop_back();
        return pipe;
    }
    int fds[2];
    if (::pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0) return std::nullopt;
    Pipe pipe{io::Fd(fds[0]), io::Fd(fds[1])};
    if (::fcntl(fds[1], F_SETPIPE_SZ, kPipeBytes) < kPipeBytes) return std::nullopt;
    return pipe;
}

void PipePool::give_back(Pipe pipe) {
    if (idle_.size() < kMostIdle) idle_.push_back(std::move(pipe));
}

} // namespace nlb::proxy
