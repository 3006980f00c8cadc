// SPDX-License-Identifier: Apache-2.0
// How the targets of one group are checked, from a target-group line. [p.52]
#pragma once

#include "health/matcher.hpp"
#include "health/threshold.hpp"

#include "base/ip.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "contract/messages.hpp"

#include <cstdint>
#include <string>

namespace nlb::health {

struct CheckSettings {
    model::HealthCheckProtocol protocol = model::HealthCheckProtocol::Tcp;
    std::uint16_t port = 0; ///< 0: the port of each target
    std::string path = "/"; ///< HTTP
    std::string host;       ///< HTTP: Host header; empty: address and port of the check
    Matcher matcher;        ///< HTTP
    Nanos timeout;          ///< no answer for this long fails the check
    Nanos interval;         ///< between the starts of two checks of one target
    Thresholds thresholds;
    std::string request; ///< HTTP with `host`: what is sent, made once for all targets

    bool operator==(const CheckSettings&) const = default;

    /// Errors: Data, naming the member and what is allowed; also for HTTPS, which is not built.
    static Result<CheckSettings> from(const contract::TargetGroup& line);

    [[nodiscard]] Endpoint endpoint_of(const contract::Target& target) const {
        return {target.address, port != 0 ? port : static_cast<std::uint16_t>(target.port)};
    }
};

} // namespace nlb::health
