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
#include <optional>
#include <string>

namespace nlb::health {

struct CheckSettings {
    model::HealthCheckProtocol protocol = model::HealthCheckProtocol::Tcp;
    std::uint16_t port = 0; ///< 0: the port of each target
    std::string path = "/"; ///< HTTP and HTTPS
    std::string host;       ///< HTTP and HTTPS: Host header; empty: address and port of the check
    Matcher matcher;        ///< HTTP and HTTPS
    std::string script;     ///< file name; it decides in place of the protocol; empty: none
    bool proxy_v2 = false;  ///< the connection begins with a PROXY header, command LOCAL [p.46]
    std::optional<IpAddress> source; ///< the node's private address; none: the host's choice
    bool is_udp = false;             ///< of a UDP group: flows are no evidence [p.51]
    Nanos timeout;                   ///< no answer for this long fails the check
    Nanos interval;                  ///< between the starts of two checks of one target
    Nanos fast_interval;             ///< the same while the state is changing; 0: as interval
    Thresholds thresholds;
    std::string request; ///< HTTP and HTTPS with `host`: made once for all targets

    bool operator==(const CheckSettings&) const = default;

    /// Errors: Data, naming the member and what is allowed.
    static Result<CheckSettings> from(const contract::TargetGroup& line);

    [[nodiscard]] bool is_http() const {
        return script.empty() && protocol != model::HealthCheckProtocol::Tcp;
    }

    [[nodiscard]] bool is_https() const {
        return script.empty() && protocol == model::HealthCheckProtocol::Https;
    }

    [[nodiscard]] Endpoint endpoint_of(const contract::Target& target) const {
        return {target.address, port != 0 ? port : static_cast<std::uint16_t>(target.port)};
    }
};

} // namespace nlb::health
