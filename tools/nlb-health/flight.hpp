// SPDX-License-Identifier: Apache-2.0
// One check under way: the machine that decides, and what it is fed from: a socket, a TLS session
// over it, or a script.
#pragma once

#include "scripts.hpp"

#include "io/client_sockets.hpp"
#include "io/event_loop.hpp"

#include "health/plan.hpp"
#include "tls/client.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

class Flight {
  public:
    /// What all checks of the process share.
    struct Shared {
        nlb::io::EventLoop& loop;
        Scripts* scripts = nullptr; ///< null: none is run
        bool looks_first = false;   ///< somebody calls look() before the loop watches for an answer
        std::function<void(const std::string&)> on_warning = {};
        std::optional<nlb::tls::ClientContext> tls{};    ///< made by the first HTTPS check
        std::optional<nlb::IpAddress> unusable_source{}; ///< told of last
        nlb::io::ClientSockets sockets{};
    };

    /// `on_event` is called after everything that happened to the check, begin() and go_on() aside.
    Flight(Shared& shared, std::function<void(Flight&)> on_event)
        : shared_(shared), on_event_(std::move(on_event)) {}

    Flight(const Flight&) = delete;
    Flight& operator=(const Flight&) = delete;

    ~Flight() { close(); }

    /// Starts a check, up to its connect; it may have ended when this returns. `settings` must
    /// outlive it.
    void begin(nlb::health::Slot slot, std::uint64_t number,
               const nlb::health::CheckSettings& settings, const nlb::Endpoint& target,
               nlb::Nanos now);

    /// What follows begin(), a little later: other checks that are due may begin first, so that
    /// their targets work on them together. It may have ended when this returns.
    void go_on();

    /// Nobody watches for the answer: look() is wanted once.
    [[nodiscard]] bool awaits() const { return awaits_; }

    /// Takes what has come; when that is not all, the loop watches for the rest.
    void look();

    /// A check that cannot be made because too many are under way.
    void refuse(nlb::health::Slot slot, std::uint64_t number,
                const nlb::health::CheckSettings& settings, const nlb::Endpoint& target,
                nlb::Nanos now);

    /// Ends it, with or without a result.
    void close();

    /// There while a check is under way.
    std::optional<nlb::health::ProbeRun> run;
    nlb::health::Slot slot;
    std::uint64_t number = 0; ///< of the check, so that an old deadline is recognised

  private:
    void connect(const nlb::Endpoint& target);
    [[nodiscard]] int connect_answer() const;
    void warn_of_source(const nlb::IpAddress& source);
    void start_tls();
    void start_script(const nlb::Endpoint& target);
    void on_event(std::uint32_t events);
    void on_connect_answer(int error);
    void send();
    bool send_in_session();
    bool send_some(std::string_view bytes, const std::function<void(std::size_t)>& sent);
    void receive();
    void feed_tls(std::string_view bytes);
    void watch(std::uint32_t events);

    Shared& shared_;
    std::function<void(Flight&)> on_event_;
    const nlb::health::CheckSettings* settings_ = nullptr;
    nlb::io::Fd fd_;
    std::unique_ptr<nlb::tls::ClientSession> tls_;
    std::unique_ptr<Scripts::Run> script_;
    nlb::Endpoint target_;
    nlb::io::ClientSockets::Kind kind_; // of fd_
    bool watched_ = false;
    bool awaits_ = false;
    bool looked_ = false;
    bool peer_closed_ = false;
};
