// SPDX-License-Identifier: Apache-2.0
#include "flight.hpp"

#include "io/socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

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
    // A target that has closed its end hears nothing more of this connection than it would of the
    // last two packets of a close.
    const linger none{1, 0};
    if (peer_closed_) ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
    peer_closed_ = false;
    if (watched_) shared_.loop.forget(fd_.get());
    watched_ = false;
    fd_.reset();
    tls_.reset();
    script_.reset();
    run.reset();
}

void Flight::connect(const Endpoint& target) {
    const int family = target.address.is_v4() ? AF_INET : AF_INET6;
    fd_.reset(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd_.is_open()) return run->on_error(errno);
    if (settings_->source) bind_to_source(family);
    const int off = 0; // the request carries the ACK of the SYN-ACK: a packet less on either side
    if (settings_->is_http()) ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
    target_ = target;
    int error = try_connect();
    // A target on this host has answered by now, and so has one whose RST is quick: asking once
    // more costs less than a turn of the loop.
    if (error == EINPROGRESS) error = try_connect();
    if (error == EALREADY) return watch(EPOLLOUT);
    on_connect_answer(error);
}

/// Begins to connect, or tells how it went: 0, EALREADY while there is no answer, or an error.
int Flight::try_connect() const {
    const auto address = io::SocketAddress::from(target_);
    const int rc = ::connect(fd_.get(), address.get(), address.length);
    return rc == 0 || errno == EISCONN ? 0 : errno;
}

/// The node's private address [p.12]. A host that does not have it checks from an address of its
/// own choice, and says so once.
void Flight::bind_to_source(int family) {
    const IpAddress& source = *settings_->source;
    if (source.is_v4() != (family == AF_INET)) return;
    const int on = 1; // the port is chosen by connect(), so one is enough for many targets
    ::setsockopt(fd_.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const auto address = io::SocketAddress::from({source, 0});
    if (::bind(fd_.get(), address.get(), address.length) == 0) return;
    if (std::exchange(shared_.unusable_source, source) == source || !shared_.on_warning) return;
    shared_.on_warning("checks cannot come from " + source.text() +
                       ", which is not of this host; they come from another address");
}

void Flight::on_connect_answer(int error) {
    if (error != 0) return run->on_error(error);
    run->on_connected();
    if (settings_->is_https() && !run->result()) start_tls();
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
    if (shared_.scripts.empty()) {
        return run->on_own_trouble("no folder of scripts was given (--scripts)");
    }
    auto child =
        io::Child::start(shared_.loop,
                         {.program = shared_.scripts + "/" + settings_->script,
                          .arguments = {target.address.text(), std::to_string(target.port)},
                          .environment = {"NLB_ADDRESS=" + target.address.text(),
                                          "NLB_PORT=" + std::to_string(target.port)},
                          .keeps_output = true},
                         [this](const io::Child::Exit& exit) {
                             run->on_script_end(exit.passed, exit.how, script_->output());
                             on_event_(*this);
                         });
    if (!child) return run->on_own_trouble(child.error().text());
    script_ = std::move(*child);
}

void Flight::on_event(std::uint32_t events) {
    peer_closed_ = (events & (EPOLLRDHUP | EPOLLHUP)) != 0;
    if (!run->is_connected()) {
        const int error = try_connect();
        if (error == EALREADY) return; // the event was of an earlier socket with this number
        on_connect_answer(error);
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
    if (all && tls_) {
        tls_->write(run->take_request());
        while (!run->result() && !tls_->pending().empty()) {
            if (!send_some(tls_->pending(), [this](std::size_t n) { tls_->sent(n); })) break;
        }
        all = tls_->pending().empty();
    }
    if (!run->result()) watch(all ? EPOLLIN | EPOLLRDHUP : EPOLLIN | EPOLLOUT);
}

void Flight::receive() {
    std::array<char, 16384> buffer; // NOLINT: filled by the kernel
    const ssize_t n = io::retry([&] { return ::recv(fd_.get(), buffer.data(), buffer.size(), 0); });
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) return run->on_error(errno);
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
