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

    /// Bytes came from the target.
    void feed(std::string_view bytes);

    /// The target ended its direction.
    void on_end();

    /// `now` reached deadline().
    void tick(Nanos now);

    /// What is still to be sent; empty before the connect.
    [[nodiscard]] std::string_view pending() const;

    [[nodiscard]] bool is_connected() const { return connected_; }

    /// The first `bytes` of pending() were sent.
    void sent(std::size_t bytes) { sent_ += bytes; }

    [[nodiscard]] Nanos deadline() const { return result_ ? Nanos::never() : deadline_; }

    /// There once the check has ended; what comes later changes nothing.
    [[nodiscard]] const std::optional<ProbeResult>& result() const { return result_; }

  private:
    void end(ProbeOutcome outcome, std::string_view came_back);
    [[nodiscard]] std::string tried() const;
    [[nodiscard]] std::string progress_text() const;

    const CheckSettings* settings_;
    Endpoint target_;
    Nanos deadline_;
    bool connected_ = false;
    std::string own_request_; // only when the settings name no host
    std::size_t sent_ = 0;
    wire::HttpStatusReader response_;
    std::optional<ProbeResult> result_;
};

} // namespace nlb::health

namespace nlb {

template <>
struct EnumText<health::ProbeOutcome> {
    static constexpr std::array<std::string_view, 10> names{
        "passed",       "refused",          "unreachable", "connect-timeout", "reset",
        "closed-early", "response-timeout", "not-http",    "wrong-code",      "internal-error"};
};

} // namespace nlb
