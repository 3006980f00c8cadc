// SPDX-License-Identifier: Apache-2.0
// --takeover: what this process gets from the one that runs.
#include "takeover.hpp"

#include "takeover_lines.hpp"

#include "io/clock.hpp"

#include <sys/epoll.h>

#include <utility>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words
using proxy::SocketsByPlace;

Takeover::Takeover(io::EventLoop& loop, std::string path, std::size_t threads, Handlers handlers)
    : loop_(loop), path_(std::move(path)), threads_(threads), handlers_(std::move(handlers)) {
}

Takeover::~Takeover() {
    loop_.cancel(patience_);
    forget_asker();
    if (listener_) loop_.remove(listener_->fd());
    if (predecessor_.is_open()) loop_.remove(predecessor_.get());
}

void Takeover::warn_unless(const Result<void>& done) {
    if (!done) handlers_.on_warning("--takeover: " + done.error().text());
}

Result<SocketsByPlace> Takeover::begin() {
    if (auto made = io::make_socket_directory(path_); !made)
        return tl::unexpected<Error>(made.error());
    auto running = io::connect_unix(path_);
    if (running) return take_over(std::move(*running));
    if (running.error().sys != ENOENT && running.error().sys != ECONNREFUSED)
        return tl::unexpected<Error>(running.error());
    auto listener = io::UnixListener::make(path_);
    if (!listener) return tl::unexpected<Error>(listener.error());
    listener_.emplace(std::move(*listener));
    is_answered_ = true; // there is nobody to answer
    if (auto serves = serve(); !serves) return tl::unexpected<Error>(serves.error());
    return SocketsByPlace();
}

/// What the process that runs hands over.
Result<SocketsByPlace> Takeover::take_over(io::Fd running) {
    predecessor_ = std::move(running);
    SocketsByPlace sockets;
    for (Result<bool> is_whole = false; !*is_whole;) {
        auto read = offer_.read(predecessor_.get(), takeover::kPatience);
        if (!read) return tl::unexpected<Error>(read.error());
        if (!*read) return fail(Errc::System, "the process that runs refused");
        is_whole = take_offer(sockets);
        if (!is_whole) return tl::unexpected<Error>(is_whole.error());
    }
    auto watched =
        loop_.add(predecessor_.get(), EPOLLIN, [this](std::uint32_t) { on_predecessor(); });
    if (!watched) return tl::unexpected<Error>(watched.error());
    return sockets;
}

/// The lines that came; true when the last was the end of the offer.
Result<bool> Takeover::take_offer(SocketsByPlace& sockets) {
    while (const auto line = offer_.line()) {
        const auto message = takeover::message_of(*line);
        if (!message) return tl::unexpected<Error>(message.error());
        if (const auto* flow = std::get_if<contract::UdpFlow>(&*message)) {
            take_flow(*flow);
            continue;
        }
        const auto* end = std::get_if<contract::Takeover>(&*message);
        auto taken = end != nullptr ? take_end(*end) : take(*message, sockets);
        if (!taken) return tl::unexpected<Error>(taken.error());
        if (end != nullptr) return true;
    }
    return false;
}

Result<void> Takeover::take(const contract::Message& message, SocketsByPlace& sockets) {
    const auto* line = std::get_if<contract::ListeningSockets>(&message);
    if (line == nullptr) return fail(Errc::Data, "what came is no offer of sockets");
    const auto place = takeover::place_of(*line);
    if (!place) return tl::unexpected<Error>(place.error());
    const std::size_t count = line->sockets.value_or(io::kMostDescriptors);
    std::vector<io::Fd> came = offer_.take(count);
    if (came.empty() || (line->sockets && came.size() != count))
        return fail(Errc::Data, "a line without its descriptors");
    ++lines_;
    std::vector<io::Fd>& all = sockets[*place];
    for (io::Fd& one : came)
        all.push_back(std::move(one));
    return {};
}

/// The meeting socket comes with the first offer.
Result<void> Takeover::take_end(const contract::Takeover& end) {
    std::vector<io::Fd> meeting = offer_.take(2);
    if (end.listeners != std::exchange(lines_, 0) || meeting.size() != (listener_ ? 0U : 2U))
        return fail(Errc::Data, "the offer of sockets is not whole");
    if (!listener_) {
        listener_.emplace(
            io::UnixListener::adopt(std::move(meeting[0]), std::move(meeting[1]), path_));
    }
    is_answered_ = false;
    return {};
}

void Takeover::confirm(const std::vector<proxy::ListenerPlace>& missing) {
    if (std::exchange(is_answered_, true)) return;
    if (!predecessor_.is_open()) return warn_unless(serve()); // it died before
    for (const proxy::ListenerPlace& place : missing) {
        warn_unless(io::send_descriptors(predecessor_.get(),
                                         takeover::line_of(takeover::line_of(place, 0)), {},
                                         takeover::kPatience));
    }
    warn_unless(io::send_descriptors(
        predecessor_.get(), takeover::line_of(contract::Takeover{missing.size(), threads_}), {},
        takeover::kPatience));
    constexpr Nanos kLongestLeave = Nanos::seconds(30);
    loop_.cancel(patience_);
    patience_ = loop_.at(io::now() + kLongestLeave, [this](Nanos) {
        handlers_.on_warning("--takeover: the other process does not leave");
        part();
    });
}

/// It has more to give, or it has left; that it died is the same.
void Takeover::on_predecessor() {
    auto read = offer_.read(predecessor_.get(), takeover::kPatience);
    if (!read) warn_unless(tl::unexpected<Error>(read.error()));
    if (!read || !*read) return part();
    const auto is_whole = take_offer(more_);
    if (!is_whole) {
        warn_unless(tl::unexpected<Error>(is_whole.error()));
        return part();
    }
    if (*is_whole) handlers_.on_more(std::exchange(more_, {}));
}

/// Before this process serves there is nothing to give.
void Takeover::part() {
    loop_.cancel(patience_);
    loop_.remove(predecessor_.get());
    predecessor_.reset();
    handlers_.on_alone();
    if (is_answered_) warn_unless(serve());
}
