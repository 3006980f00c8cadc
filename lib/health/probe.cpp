// SPDX-License-Identifier: Apache-2.0
#include "health/probe.hpp"

#include "base/text.hpp"
#include "wire/proxy_v2.hpp"

#include <cerrno>

namespace nlb::health {

namespace {

using model::HealthCheckProtocol;

/// An error of a call on a connection that is not the target's doing is ours.
ProbeOutcome outcome_of(int error, bool connected) {
    switch (error) {
    case ECONNREFUSED: return ProbeOutcome::Refused;
    case ETIMEDOUT: return connected ? ProbeOutcome::ResponseTimeout : ProbeOutcome::ConnectTimeout;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case ENONET:
    case ENOPROTOOPT:
    case EPROTO: return ProbeOutcome::Unreachable;
    case ECONNRESET:
    case EPIPE: return ProbeOutcome::Reset;
    default: return ProbeOutcome::InternalError;
    }
}

std::string in_time(Nanos timeout) {
    return "within " + std::to_string(timeout.ns / 1'000'000) + " ms";
}

} // namespace

ProbeRun::ProbeRun(const CheckSettings& settings, const Endpoint& target, Nanos now)
    : settings_(&settings), target_(target), deadline_(now + settings.timeout) {
}

void ProbeRun::on_connected() {
    if (result_ || connected_) return;
    connected_ = true;
    if (settings_->is_http() && settings_->request.empty()) {
        // The settings were checked with another host; an endpoint's text is as harmless.
        own_request_ = wire::http_check_request(settings_->path, target_.text()).value_or("");
    }
    pass_when_all_is_sent();
}

std::string_view ProbeRun::pending() const {
    return connected_ && !result_ ? unsent() : std::string_view();
}

/// A PROXY header first, then the request, unless that goes through TLS.
std::string_view ProbeRun::unsent() const {
    const std::string_view header = settings_->proxy_v2 ? wire::kProxyV2Local : "";
    if (sent_ < header.size()) return header.substr(sent_);
    if (settings_->is_https()) return {};
    return std::string_view(request()).substr(sent_ - header.size());
}

void ProbeRun::sent(std::size_t bytes) {
    sent_ += bytes;
    if (bytes > 0) on_connected();
    pass_when_all_is_sent();
}

/// A TCP check asks for no answer.
void ProbeRun::pass_when_all_is_sent() {
    if (connected_ && !settings_->is_http() && pending().empty()) end(ProbeOutcome::Passed, {});
}

void ProbeRun::on_error(int error) {
    const ProbeOutcome outcome = outcome_of(error, connected_);
    if (outcome == ProbeOutcome::Reset && connected_) {
        return end(outcome, "connection reset, " + progress_text());
    }
    end(outcome, Error{Errc::System, error, connected_ ? "connection lost" : "connect"}.text());
}

void ProbeRun::feed(std::string_view bytes) {
    if (result_) return;
    switch (response_.feed(bytes)) {
    case wire::HttpProgress::Short: return;
    case wire::HttpProgress::Malformed:
        return end(ProbeOutcome::NotHttp, "no HTTP/1 response: " + response_.why());
    case wire::HttpProgress::Complete: break;
    }
    if (settings_->matcher.passes(response_.code())) return end(ProbeOutcome::Passed, {});
    end(ProbeOutcome::WrongCode, "answered " + std::to_string(response_.code()) + ", " +
                                     settings_->matcher.text() + " passes");
}

void ProbeRun::on_end() {
    end(ProbeOutcome::ClosedEarly, "connection closed, " + progress_text());
}

void ProbeRun::on_tls_failure(std::string_view why) {
    end(ProbeOutcome::TlsFailed, std::string(why) + " (checks speak TLS 1.2 and lower)");
}

void ProbeRun::on_script_end(bool passed, std::string_view how, std::string_view output) {
    if (passed) return end(ProbeOutcome::Passed, {});
    std::string text(how);
    if (!output.empty()) text += ": " + in_quotes(output);
    end(ProbeOutcome::ScriptFailed, text);
}

void ProbeRun::tick(Nanos now) {
    if (now < deadline()) return;
    if (!settings_->script.empty()) {
        return end(ProbeOutcome::ResponseTimeout, "no end " + in_time(settings_->timeout));
    }
    if (!connected_) {
        return end(ProbeOutcome::ConnectTimeout,
                   "no answer to connect " + in_time(settings_->timeout));
    }
    if (settings_->is_https() && !tls_established_) {
        return end(ProbeOutcome::ResponseTimeout, "no TLS session " + in_time(settings_->timeout));
    }
    end(ProbeOutcome::ResponseTimeout,
        "no complete response " + in_time(settings_->timeout) + ", " + progress_text());
}

std::string ProbeRun::progress_text() const {
    return std::to_string(response_.bytes()) + " bytes of a response came";
}

std::string ProbeRun::tried() const {
    if (!settings_->script.empty()) return "script " + settings_->script + " " + target_.text();
    if (settings_->protocol == HealthCheckProtocol::Tcp) return "TCP " + target_.text();
    return (settings_->is_https() ? "GET https://" : "GET http://") + target_.text() +
           settings_->path;
}

void ProbeRun::end(ProbeOutcome outcome, std::string_view came_back) {
    if (result_) return;
    result_.emplace();
    result_->outcome = outcome;
    if (outcome == ProbeOutcome::Passed) return;
    result_->text = tried() + ": ";
    result_->text += came_back;
}

} // namespace nlb::health
