// SPDX-License-Identifier: Apache-2.0
#include "flight.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

constexpr std::uint32_t kAnswer = EPOLLIN | EPOLLRDHUP;

} // namespace

void Flight::begin(health::Slot of, std::uint64_t check, const health::CheckSettings& settings,
                   const Endpoint& target, Nanos now) {
    slot = of;
    number = check;
    settings_ = &settings;
    run.emplace(settings, target, now);
    if (settings.script.empty()) {
        connect(target);
    } else {
        start_script(target);
    }
}

void Flight::refuse(health::Slot of, std::uint64_t check, const health::CheckSettings& settings,
                    const Endpoint& target, Nanos now) {
    slot = of;
    number = check;
    run.emplace(settings, target, now);
    run->on_error(EMFILE);
}

void Flight::close() {
    if (watched_) peer_closed_ ? shared_.loop.remove(fd_.get()) : shared_.loop.forget(fd_.get());
    if (peer_closed_) shared_.sockets.end(kind_, std::move(fd_));
    watched_ = awaits_ = looked_ = peer_closed_ = false;
    fd_.reset();
    tls_.reset();
    script_.reset();
    run.reset();
}

void Flight::connect(const Endpoint& target) {
    target_ = target;
    kind_ = {.family = target.address.family(), .source = {}, .speaks_first = settings_->is_http()};
    // Else the host chooses, as it does when it does not have the node's private address [p.12].
    if (settings_->source && settings_->source->family() == kind_.family)
        kind_.source = settings_->source;
    auto connecting = shared_.sockets.connect(kind_, target);
    fd_ = std::move(connecting.socket);
    if (!connecting.is_bound) warn_of_source(*std::exchange(kind_.source, std::nullopt));
    if (connecting.error != 0) run->on_error(connecting.error);
}

void Flight::warn_of_source(const IpAddress& source) {
    if (std::exchange(shared_.unusable_source, source) == source || !shared_.on_warning) return;
    shared_.on_warning("checks cannot come from " + source.text() +
                       ", which is not of this host; they come from another address");
}

/// A target on this host has answered the connect by now, and so has one whose RST is quick:
/// asking, or sending as if it had, costs less than a turn of the loop.
void Flight::go_on() {
    if (run->result() || !fd_.is_open()) return;
    if (run->early().empty()) return on_connect_answer(connect_answer());
    send_some(run->early(), [this](std::size_t n) { run->sent(n); });
    if (run->result()) return;
    if (!run->is_connected()) return watch(EPOLLOUT);
    send();
}

void Flight::look() {
    if (!std::exchange(awaits_, false)) return;
    looked_ = true;
    receive();
    if (!run->result() && !watched_) watch(kAnswer);
    if (run->result()) {
        // One that answered in full has most often closed, too.
        std::array<char, 512> rest; // NOLINT: filled by the kernel
        peer_closed_ = peer_closed_ || ::recv(fd_.get(), rest.data(), rest.size(), 0) == 0;
    }
    on_event_(*this);
}

int Flight::connect_answer() const {
    return io::ClientSockets::connect_answer(fd_, target_);
}

void Flight::on_connect_answer(int error) {
    if (error == EALREADY) return watch(EPOLLOUT);
    if (error != 0) return run->on_error(error);
    run->on_connected();
    if (!run->result()) send();
}

void Flight::start_tls() {
    if (!shared_.tls) {
        auto made = tls::ClientContext::for_checks();
        if (!made) return run->on_own_trouble(made.error().text());
        shared_.tls = std::move(*made);
    }
    tls_ = std::make_unique<tls::ClientSession>(*shared_.tls);
}

void Flight::start_script(const Endpoint& target) {
    if (shared_.scripts == nullptr)
        return run->on_own_trouble("no folder of scripts was given (--scripts)");
    auto script =
        shared_.scripts->start(settings_->script, target, [this](const Scripts::End& end) {
            if (end.trouble)
                run->on_own_trouble(*end.trouble);
            else
                run->on_script_end(end.passed, end.how, end.output);
            on_event_(*this);
        });
    if (!script) return run->on_own_trouble(script.error().text());
    script_ = std::move(*script);
}

void Flight::on_event(std::uint32_t events) {
    peer_closed_ = (events & (EPOLLRDHUP | EPOLLHUP)) != 0;
    if (!run->is_connected()) {
        on_connect_answer(connect_answer());
    } else if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        receive();
    } else {
        send();
    }
    on_event_(*this);
}

/// False when the rest has to wait, or the check has ended.
bool Flight::send_some(std::string_view bytes, const std::function<void(std::size_t)>& sent) {
    const ssize_t n =
        io::retry([&] { return ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); });
    if (n > 0) sent(static_cast<std::size_t>(n));
    if (n < 0 && errno != EAGAIN) run->on_error(errno);
    return n > 0;
}

/// In clear first; then, of an HTTPS check, what its session has to say.
void Flight::send() {
    while (!run->pending().empty()) {
        if (!send_some(run->pending(), [this](std::size_t n) { run->sent(n); })) break;
    }
    if (run->result()) return;
    bool all = run->pending().empty();
    if (all && settings_->is_https()) all = send_in_session();
    if (run->result()) return;
    if (!all) return watch(EPOLLIN | EPOLLOUT);
    awaits_ = shared_.looks_first && !watched_ && !looked_;
    if (!awaits_) watch(kAnswer);
}

bool Flight::send_in_session() {
    if (!tls_) start_tls();
    if (!tls_) return false;
    tls_->write(run->take_request());
    while (!run->result() && !tls_->pending().empty()) {
        if (!send_some(tls_->pending(), [this](std::size_t n) { tls_->sent(n); })) break;
    }
    return tls_->pending().empty();
}

void Flight::receive() {
    std::array<char, 16384> buffer; // NOLINT: filled by the kernel
    const ssize_t n = io::retry([&] { return ::recv(fd_.get(), buffer.data(), buffer.size(), 0); });
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) return run->on_error(errno);
    peer_closed_ = peer_closed_ || n == 0;
    if (n == 0) return run->on_end();
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(n));
    if (tls_) return feed_tls(bytes);
    run->feed(bytes);
}

void Flight::feed_tls(std::string_view bytes) {
    tls_->feed(bytes);
    if (tls_->is_established()) run->on_tls_established();
    const std::string plain = tls_->drain();
    if (!plain.empty()) run->feed(plain);
    if (!run->result() && tls_->is_ended()) run->on_end();
    if (!run->result() && !tls_->failure().empty()) run->on_tls_failure(tls_->failure());
    if (!run->result()) send();
}

void Flight::watch(std::uint32_t events) {
    if (watched_) return shared_.loop.modify(fd_.get(), events);
    const auto added =
        shared_.loop.add(fd_.get(), events, [this](std::uint32_t what) { on_event(what); });
    watched_ = added.has_value();
    if (!added) run->on_error(added.error().sys);
}
