// SPDX-License-Identifier: Apache-2.0
#include "takeover.hpp"

#include "io/descriptors.hpp"

#include "base/text.hpp"
#include "contract/codec.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

using namespace nlb;
using proxy::SocketsByPlace;

namespace {

constexpr Nanos kPatience = Nanos::seconds(5);

std::string line_of(const contract::Message& message) {
    std::string line;
    contract::encode(message, 0, line);
    return line;
}

Result<contract::Message> message_of(std::string_view text) {
    if (!text.ends_with('\n')) return fail(Errc::Data, "a line without its end");
    text.remove_suffix(1);
    auto decoded = contract::Decoder().decode(text);
    if (!decoded) return tl::unexpected<Error>(decoded.error());
    return std::move(decoded->message);
}

Result<proxy::ListenerPlace> place_of(const contract::ListeningSockets& line) {
    if (line.port == 0 || line.port > 65535) return fail(Errc::Data, "a port that is none");
    return proxy::ListenerPlace{{line.address, static_cast<std::uint16_t>(line.port)},
                                line.protocol == model::Protocol::Udp ? proxy::Transport::Udp
                                                                      : proxy::Transport::Tcp};
}

contract::ListeningSockets line_of(const proxy::ListenerPlace& place) {
    return {place.address.address, place.address.port,
            place.transport == proxy::Transport::Udp ? model::Protocol::Udp : model::Protocol::Tcp};
}

tl::unexpected<Error> other_threads(std::size_t theirs, std::size_t ours) {
    return fail(Errc::Usage, "the process that runs has " + std::to_string(theirs) +
                                 " threads, this one " + std::to_string(ours) + ": say so with -j");
}

/// Descriptors are for the same user, or for root.
bool may_ask(const io::Fd& socket) {
    ucred peer{};
    socklen_t length = sizeof peer;
    return ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
           (peer.uid == 0 || peer.uid == ::geteuid());
}

} // namespace

Takeover::Takeover(io::EventLoop& loop, std::string path, std::size_t threads, Handlers handlers)
    : loop_(loop), path_(std::move(path)), threads_(threads), handlers_(std::move(handlers)) {
}

Takeover::~Takeover() {
    forget_asker();
    if (listener_) loop_.remove(listener_->fd());
    if (predecessor_.is_open()) loop_.remove(predecessor_.get());
}

Result<SocketsByPlace> Takeover::begin() {
    if (auto made = io::make_socket_directory(path_); !made)
        return tl::unexpected<Error>(made.error());
    auto running = io::connect_unix(path_);
    if (running) {
        predecessor_ = std::move(*running);
        return receive();
    }
    if (running.error().sys != ENOENT && running.error().sys != ECONNREFUSED)
        return tl::unexpected<Error>(running.error());
    auto listener = io::UnixListener::make(path_);
    if (!listener) return tl::unexpected<Error>(listener.error());
    listener_.emplace(std::move(*listener));
    if (auto serves = serve(); !serves) return tl::unexpected<Error>(serves.error());
    return SocketsByPlace();
}

Result<SocketsByPlace> Takeover::receive() {
    SocketsByPlace sockets;
    for (;;) {
        auto received = io::receive_descriptors(predecessor_.get(), kPatience);
        if (!received) return tl::unexpected<Error>(received.error());
        if (received->text.empty()) return fail(Errc::System, "the process that runs refused");
        auto message = message_of(received->text);
        if (!message) return tl::unexpected<Error>(message.error());
        const auto* end = std::get_if<contract::Takeover>(&*message);
        auto taken = end != nullptr ? take_end(*end, sockets.size(), received->descriptors)
                                    : take(*message, received->descriptors, sockets);
        if (!taken) return tl::unexpected<Error>(taken.error());
        if (end != nullptr) return sockets;
    }
}

Result<void> Takeover::take(const contract::Message& message, std::vector<io::Fd>& descriptors,
                            SocketsByPlace& sockets) const {
    const auto* line = std::get_if<contract::ListeningSockets>(&message);
    if (line == nullptr) return fail(Errc::Data, "what came is no offer of sockets");
    const auto place = place_of(*line);
    if (!place) return tl::unexpected<Error>(place.error());
    if (descriptors.size() != threads_) return other_threads(descriptors.size(), threads_);
    sockets.insert_or_assign(*place, std::move(descriptors));
    return {};
}

Result<void> Takeover::take_end(const contract::Takeover& end, std::size_t listeners,
                                std::vector<io::Fd>& meeting) {
    if (end.threads != threads_) return other_threads(end.threads, threads_);
    if (end.listeners != listeners || meeting.size() != 2)
        return fail(Errc::Data, "the offer of sockets is not whole");
    listener_.emplace(io::UnixListener::adopt(std::move(meeting[0]), std::move(meeting[1]), path_));
    return {};
}

void Takeover::confirm() {
    if (!predecessor_.is_open()) return;
    warn_unless(io::send_descriptors(predecessor_.get(), line_of(contract::Takeover{0, threads_}),
                                     {}, kPatience));
    warn_unless(loop_.add(predecessor_.get(), EPOLLIN, [this](std::uint32_t) {
        loop_.remove(predecessor_.get());
        predecessor_.reset();
        warn_unless(serve());
    }));
}

void Takeover::warn_unless(const Result<void>& done) {
    if (!done) handlers_.on_warning("--takeover: " + done.error().text());
}

Result<void> Takeover::serve() {
    return loop_.add(listener_->fd(), EPOLLIN, [this](std::uint32_t) { on_asked(); });
}

/// One process at a time: others wait in the queue meanwhile.
void Takeover::on_asked() {
    auto asker = listener_->accept();
    if (!asker || !asker->is_open() || !may_ask(*asker)) return;
    asker_ = std::move(*asker);
    answer_.clear();
    loop_.remove(listener_->fd());
    auto done = loop_.add(asker_.get(), EPOLLIN, [this](std::uint32_t) { on_answer(); });
    if (done) done = offer();
    warn_unless(done);
    if (!done) forget_asker();
}

Result<void> Takeover::offer() {
    const auto& all = handlers_.sockets();
    for (const auto& [place, sockets] : all) {
        std::vector<int> descriptors;
        for (const io::Fd& socket : sockets)
            descriptors.push_back(socket.get());
        auto sent =
            io::send_descriptors(asker_.get(), line_of(line_of(place)), descriptors, kPatience);
        if (!sent) return sent;
    }
    const std::array<int, 2> meeting{listener_->fd(), listener_->lock()};
    return io::send_descriptors(asker_.get(), line_of(contract::Takeover{all.size(), threads_}),
                                meeting, kPatience);
}

void Takeover::on_answer() {
    std::array<char, 1024> bytes{};
    const ssize_t n = io::retry([&] { return ::read(asker_.get(), bytes.data(), bytes.size()); });
    if (n < 0 && errno == EAGAIN) return;
    answer_.append(bytes.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
    const auto message = message_of(answer_);
    if (!message || !std::holds_alternative<contract::Takeover>(*message)) {
        const bool may_go_on = n > 0 && answer_.find('\n') == std::string::npos;
        return may_go_on && answer_.size() < bytes.size() ? void() : forget_asker();
    }
    listener_->leave();
    listener_.reset();
    handlers_.on_taken();
    loop_.remove(asker_.get());
    asker_.reset();
}

/// It changed nothing: the next one may ask.
void Takeover::forget_asker() {
    if (!asker_.is_open()) return;
    loop_.remove(asker_.get());
    asker_.reset();
    warn_unless(serve());
}
