// SPDX-License-Identifier: Apache-2.0
#include "scripts.hpp"

#include "scripts_process.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <utility>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

constexpr const char* kGone = "the process that runs scripts has ended";

} // namespace

Result<std::unique_ptr<Scripts>> Scripts::begin(const std::string& folder) {
    std::unique_ptr<Scripts> none;
    if (folder.empty()) return none;
    std::array<int, 2> ends{-1, -1};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
        return io::sys_error("run scripts");
    io::Fd ours(ends[0]);
    io::Fd theirs(ends[1]);
    const pid_t process = ::fork();
    if (process < 0) return io::sys_error("run scripts");
    if (process == 0) {
        ours.reset();
        serve_scripts(std::move(theirs), folder);
    }
    return std::unique_ptr<Scripts>(new Scripts(std::move(ours)));
}

Result<void> Scripts::watch(io::EventLoop& loop) {
    loop_ = &loop;
    return loop.add(socket_.get(), EPOLLIN, [this](std::uint32_t events) {
        if ((events & EPOLLOUT) != 0) send();
        if ((events & ~EPOLLOUT) != 0) on_answers();
    });
}

Result<std::unique_ptr<Scripts::Run>> Scripts::start(const std::string& script,
                                                     const Endpoint& target, OnEnd on_end) {
    if (!socket_.is_open()) return fail(Errc::System, kGone);
    const std::uint64_t number = ++last_;
    running_.emplace(number, std::move(on_end));
    put(joined(
        {std::to_string(number), script, target.address.text(), std::to_string(target.port)}));
    return std::make_unique<Run>(*this, number);
}

void Scripts::kill(std::uint64_t number) {
    if (running_.erase(number) != 0) put(std::to_string(number));
}

void Scripts::put(std::string request) {
    unsent_.push_back(std::move(request));
    send();
}

/// Never waits: the other side may be waiting for this one.
void Scripts::send() {
    if (!socket_.is_open()) return unsent_.clear();
    while (!unsent_.empty()) {
        const std::string& first = unsent_.front();
        const ssize_t n = io::retry([&] {
            return ::send(socket_.get(), first.data(), first.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        });
        if (n < 0 && errno == EAGAIN) break;
        unsent_.pop_front(); // that the other side has gone is read, and told there
    }
    if (std::exchange(waits_for_room_, !unsent_.empty()) == waits_for_room_) return;
    loop_->modify(socket_.get(), waits_for_room_ ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void Scripts::on_answers() {
    std::array<char, kLongestPacket> packet{};
    const ssize_t n = io::retry(
        [&] { return ::recv(socket_.get(), packet.data(), packet.size(), MSG_DONTWAIT); });
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return on_lost();
    const auto fields = fields_of({packet.data(), static_cast<std::size_t>(n)});
    std::uint64_t number = 0;
    std::from_chars(fields[0].data(), fields[0].data() + fields[0].size(), number);
    auto found = running_.extract(number);
    if (!found || fields.size() != 4) return; // killed meanwhile
    End end{fields[1] == "passed", fields[2], fields[3]};
    if (fields[1] == "trouble") end.trouble = fields[2];
    found.mapped()(end);
}

void Scripts::on_lost() {
    loop_->remove(socket_.get());
    socket_.reset();
    for (auto& [number, on_end] : std::exchange(running_, {}))
        on_end({false, {}, {}, kGone});
}
