// SPDX-License-Identifier: Apache-2.0
// Defaults that depend on other settings.
#pragma once

#include "model/configuration.hpp"

namespace nlb::model {

/// The private ranges of p.40 and, because a balancer may live on one machine, loopback.
std::vector<Cidr> default_vpc_cidrs();

/// On, except for ip groups with TCP or TLS [p.43].
bool default_preserve_client_ip(TargetType type, Protocol protocol);

/// On, except for UDP and TCP_UDP, where it cannot be [API, TargetGroupAttribute].
bool default_unhealthy_connection_termination(Protocol protocol);

/// TCP; HTTP for alb groups, which know no TCP checks [p.52].
HealthCheckProtocol default_check_protocol(TargetType type);

/// Seconds [p.52].
std::uint32_t default_check_timeout(HealthCheckProtocol protocol);

/// The policy of a TLS listener that names none [p.26].
std::string_view default_ssl_policy();

} // namespace nlb::model
