// SPDX-License-Identifier: Apache-2.0
// One check of one target as a machine: fed with what the connection did, it ends in a named
// outcome. Owns no descriptor; whoever drives it closes the connection when it has ended.
#pragma once

#include "health/settings.hpp"
#include "health/threshold.hpp"

#include "base/enum_text.hpp"
#include "base/time.hpp"
#include "wire/http_check.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace nlb::health {

/// Every way a check can end.
enum class ProbeOutcome : std::uint8_t {
    Passed,
    Refused,         ///< a RST answered the connect
    Unreachable,     ///< the network said that there is no way
    ConnectTimeout,  ///< nothing answered the connect
    Reset,           ///< a RST came later
    ClosedEarly,     ///< the target ended the connection before the response was complete
    ResponseTimeout, ///< connected, but no complete response in time
    NotHttp,         ///< what came back is no HTTP/1 response
    WrongCode,       ///< an HTTP status that the matcher does not pass
    TlsFailed,       ///< no TLS session of version 1.2 or lower came about, or it broke
    ScriptFailed,    ///< the script ended with another status than 0, or by a signal
    InternalError,   ///< this machine could not make the check: out of descriptors, ports, memory
};

constexpr Verdict verdict_of(ProbeOutcome outcome) {
    if (outcome == ProbeOutcome::Passed) return Verdict::Passed;
    return outcome == ProbeOutcome::InternalError ? Verdict::Unknown : Verdict::Failed;
}

struct ProbeResult {
    ProbeOutcome outcome = ProbeOutcome::Passed;
    std::string text; ///< what was tried and what came back; empty when passed
};

class ProbeRun {
  public:
    /// A check that starts now; `settings` must outlive it.
    ProbeRun(const CheckSettings& settings, const Endpoint& target, Nanos now);

    /// The connect succeeded.
    void on_connected();

    /// A call on the connection failed with this errno: the connect, or a later one.
    void on_error(int error);

    /// Bytes came from the target, or out of its TLS session.
    void feed(std::string_view bytes);

    /// HTTPS: the session stands, and the request goes out in it.
    void on_tls_established() { tls_established_ = true; }

    /// HTTPS, seen from outside: an answer came that only the two ends can read.
    void on_sealed_answer() { end(ProbeOutcome::Passed, {}); }

    /// The TLS session of an HTTPS check cannot go on.
    void on_tls_failure(std::string_view why);

    /// This machine could not make the check.
    void on_own_trouble(std::string_view why) { end(ProbeOutcome::InternalError, why); }

    /// The script ended: what it made of the target, and the first line it wrote.
    void on_script_end(bool passed, std::string_view how, std::string_view output);

    /// The target ended its direction.
    void on_end();

    /// `now` reached deadline().
    void tick(Nanos now);

    /// What is still to be sent as it is; empty before the connect.
    [[nodiscard]] std::string_view pending() const;

    /// The same before the connect has been answered, for who tries to send at once.
    [[nodiscard]] std::string_view early() const { return result_ ? std::string_view() : unsent(); }

    /// HTTPS: what is to be sent in the TLS session that follows pending(); empty when taken.
    [[nodiscard]] std::string_view take_request() {
        return std::exchange(taken_, true) ? std::string_view() : request();
    }

    [[nodiscard]] bool is_connected() const { return connected_; }

    /// The first `bytes` of pending() or early() were sent, which takes a connection.
    void sent(std::size_t bytes);

    [[nodiscard]] Nanos deadline() const { return result_ ? Nanos::never() : deadline_; }

    /// There once the check has ended; what comes later changes nothing.
    [[nodiscard]] const std::optional<ProbeResult>& result() const { return result_; }

  private:
    void end(ProbeOutcome outcome, std::string_view came_back);
    void pass_when_all_is_sent();
    [[nodiscard]] std::string_view unsent() const;

    [[nodiscard]] const std::string& request() const {
        return own_request_.empty() ? settings_->request : own_request_;
    }

    [[nodiscard]] std::string tried() const;
    [[nodiscard]] std::string progress_text() const;

    const CheckSettings* settings_;
    Endpoint target_;
    Nanos deadline_;
    bool connected_ = false;
    bool taken_ = false;
    bool tls_established_ = false;
    std::string own_request_; // only when the settings name no host
    std::size_t sent_ = 0;
    wire::HttpStatusReader response_;
    std::optional<ProbeResult> result_;
};

} // namespace nlb::health

namespace nlb {

template <>
struct EnumText<health::ProbeOutcome> {
    static constexpr std::array<std::string_view, 12> names{
        "passed",     "refused",      "unreachable",      "connect-timeout",
        "reset",      "closed-early", "response-timeout", "not-http",
        "wrong-code", "tls-failed",   "script-failed",    "internal-error"};
};

} // namespace nlb
