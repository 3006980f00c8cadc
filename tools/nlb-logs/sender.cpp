// SPDX-License-Identifier: Apache-2.0
#include "sender.hpp"

#include "io/clock.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>
#include <variant>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words
using Taken = delivery::Journal::Taken;

namespace {

constexpr std::size_t kAtOnce = 256U << 10U;

} // namespace

Sender::Sender(io::EventLoop& loop, io::Fd in, bool is_socket, contract::Hello hello,
               delivery::Journal& journal, Totals& totals)
    : loop_(loop), in_(std::move(in)), is_socket_(is_socket), journal_(journal), totals_(totals),
      answers_(std::move(hello)) {
}

Sender::~Sender() {
    if (in_.is_open()) loop_.remove(in_.get());
}

Result<void> Sender::start() {
    auto added = loop_.add(in_.get(), EPOLLIN, [this](std::uint32_t e) { on_event(e); });
    if (added) flush();
    return added;
}

void Sender::set_reading(bool reads) {
    reads_ = reads;
    watch();
}

void Sender::watch() {
    if (ended_) return;
    const bool owes = is_socket_ && !answers_.pending().empty();
    loop_.modify(in_.get(), (reads_ && !said_all_ ? std::uint32_t{EPOLLIN} : 0U) |
                                (owes ? std::uint32_t{EPOLLOUT} : 0U));
}

void Sender::on_event(std::uint32_t events) {
    // Told although nothing is asked for: a sender that is gone ends even while nothing is read,
    // or the loop would spin.
    const bool reads = reads_ && !said_all_;
    if (!reads && (events & (EPOLLERR | EPOLLHUP)) != 0) return end();
    if (reads && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read();
    if (!ended_ && (events & EPOLLOUT) != 0) flush();
}

void Sender::read() {
    static thread_local std::string buffer(kAtOnce, '\0');
    const ssize_t n = io::retry([&] { return ::read(in_.get(), buffer.data(), buffer.size()); });
    if (n < 0 && errno == EAGAIN) return;
    came_ = WallTime{io::unix_ms()};
    const auto take_one = [this](std::string_view line) { take(line); };
    const auto overlong = [this] {
        ++seq_;
        refuse("a line longer than 64 KiB");
    };
    if (n > 0) {
        splitter_.feed(std::string_view(buffer).substr(0, static_cast<std::size_t>(n)), take_one,
                       overlong);
        return;
    }
    // A line that a dying sender cut off was never acknowledged: it comes again, whole.
    if (!is_socket_) splitter_.finish(take_one, overlong);
    if (!wants_ack()) return end();
    said_all_ = true; // it may still read
    watch();
}

void Sender::take(std::string_view line) {
    if (line.starts_with('{')) return take_message(line);
    ++seq_;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
    count(journal_.take_line(line, came_));
}

void Sender::take_message(std::string_view line) {
    const auto read = decoder_.decode(line, decoded_);
    seq_ = read && decoded_.has_seq ? decoded_.seq : seq_ + 1;
    if (!read) return refuse(read.error().attempt);
    if (const auto* connection = std::get_if<contract::TlsConnection>(&decoded_.message))
        count(journal_.take(*connection, came_));
    if (const auto* flow = std::get_if<contract::Flow>(&decoded_.message))
        count(journal_.take(*flow, came_));
}

void Sender::count(Taken how) {
    if (how == Taken::Held) ++totals_.taken;
    if (how == Taken::Off) ++totals_.off;
    if (how == Taken::Refused) refuse(journal_.why());
}

void Sender::refuse(std::string_view why) {
    ++totals_.refused;
    totals_.last_refusal = why;
}

void Sender::acknowledge() {
    // An answer that waits will be replaced by a later one that says more.
    if (!wants_ack() || !answers_.pending().empty()) return;
    acknowledged_ = seq_;
    contract::Ack ack;
    ack.through = seq_;
    answers_.put(ack);
    flush();
}

void Sender::flush() {
    if (!is_socket_) {
        answers_.drain();
        return;
    }
    while (!answers_.pending().empty()) {
        const std::string_view left = answers_.pending();
        const ssize_t n = io::retry([&] {
            return ::send(in_.get(), left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        });
        if (n < 0 && errno != EAGAIN) return end();
        if (n < 0) break;
        answers_.sent(static_cast<std::size_t>(n));
    }
    if (said_all_ && answers_.pending().empty() && !wants_ack()) return end();
    watch();
}

void Sender::end() {
    ended_ = true;
    loop_.remove(in_.get());
    in_.reset();
}
