// SPDX-License-Identifier: Apache-2.0
#include "proxy/pipes.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace nlb::proxy {

namespace {

std::optional<Pipe> make_pipe(int bytes) {
    int fds[2];
    if (::pipe2(fds, O_NONBLOCK | O_CLOEXEC) != 0) return std::nullopt;
    Pipe pipe{io::Fd(fds[0]), io::Fd(fds[1]), nullptr};
    if (::fcntl(fds[1], F_SETPIPE_SZ, bytes) < bytes) return std::nullopt;
    return pipe;
}

} // namespace

std::optional<Pipe> PipePool::take() {
    const bool has_room = large_.use_count() <= kMostLarge; // one is the pool's own
    if (has_room && (idle_.empty() || !idle_.back().large)) {
        if (auto pipe = make_pipe(kLargeBytes)) {
            pipe->large = large_;
            return pipe;
        }
    }
    if (idle_.empty()) return make_pipe(kBytes);
    Pipe pipe = std::move(idle_.back());
    idle_.pop_back();
    return pipe;
}

void PipePool::give_back(Pipe pipe) {
    if (idle_.size() >= kMostIdle) return;
    const auto place = pipe.large ? idle_.end() : idle_.begin();
    idle_.insert(place, std::move(pipe));
}

} // namespace nlb::proxy
