// SPDX-License-Identifier: Apache-2.0
#include "health/settings.hpp"

#include "base/text.hpp"
#include "wire/http_check.hpp"

namespace nlb::health {

namespace {

struct Bound {
    std::string_view member;
    std::uint64_t value;
    std::uint64_t least;
    std::uint64_t most;
};

/// Wider than nlb.toml allows: who writes messages by hand may check faster. The lower bound of
/// the interval keeps one line of input from filling a processor.
Result<void> within(const Bound& b) {
    if (b.value >= b.least && b.value <= b.most) return {};
    return fail(Errc::Data, std::string(b.member) + " " + std::to_string(b.value) + " must be " +
                                std::to_string(b.least) + " to " + std::to_string(b.most));
}

Result<void> check_numbers(const contract::TargetGroup& line) {
    const std::uint64_t fast = line.check_fast_interval_ms.value_or(line.check_interval_ms);
    for (const Bound& bound : {Bound{"check_port", line.check_port.value_or(1), 1, 65535},
                               Bound{"check_timeout_ms", line.check_timeout_ms, 1, 120'000},
                               Bound{"check_interval_ms", line.check_interval_ms, 10, 300'000},
                               Bound{"check_fast_interval_ms", fast, 10, line.check_interval_ms},
                               Bound{"healthy_threshold", line.healthy_threshold, 1, 10},
                               Bound{"unhealthy_threshold", line.unhealthy_threshold, 1, 10}}) {
        if (auto ok = within(bound); !ok) return ok;
    }
    return {};
}

Nanos milliseconds(std::uint64_t count) {
    return Nanos::milliseconds(static_cast<std::int64_t>(count));
}

Result<void> read_http(const contract::TargetGroup& line, CheckSettings& s) {
    s.path = line.check_path.value_or("/");
    s.host = line.check_host.value_or("");
    auto matcher = Matcher::parse(line.matcher.value_or(std::string(Matcher::kDefault)));
    if (!matcher) return tl::unexpected<Error>(matcher.error());
    s.matcher = std::move(*matcher);
    auto request = wire::http_check_request(s.path, s.host.empty() ? "host" : s.host);
    if (!request) return tl::unexpected<Error>(request.error());
    if (!s.host.empty()) s.request = std::move(*request);
    return {};
}

} // namespace

Result<CheckSettings> CheckSettings::from(const contract::TargetGroup& line) {
    if (auto ok = check_numbers(line); !ok) return tl::unexpected<Error>(ok.error());
    CheckSettings s;
    s.protocol = line.check_protocol;
    s.port = static_cast<std::uint16_t>(line.check_port.value_or(0));
    s.proxy_v2 = line.proxy_protocol_v2.value_or(false);
    s.source = line.check_source;
    s.is_udp = line.protocol == model::Protocol::Udp;
    s.timeout = milliseconds(line.check_timeout_ms);
    s.interval = milliseconds(line.check_interval_ms);
    s.fast_interval = milliseconds(line.check_fast_interval_ms.value_or(0));
    s.thresholds = {static_cast<std::uint32_t>(line.healthy_threshold),
                    static_cast<std::uint32_t>(line.unhealthy_threshold)};
    if (line.check_exec) {
        if (!model::is_script_name(*line.check_exec)) {
            return fail(Errc::Data, "check_exec " + in_quotes(*line.check_exec) +
                                        " must be a file name without /");
        }
        s.script = *line.check_exec;
    } else if (s.is_http()) {
        if (auto ok = read_http(line, s); !ok) return tl::unexpected<Error>(ok.error());
    }
    return s;
}

} // namespace nlb::health
