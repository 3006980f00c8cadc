// SPDX-License-Identifier: Apache-2.0
#include "model/defaults.hpp"

namespace nlb::model {

std::vector<Cidr> default_vpc_cidrs() {
    std::vector<Cidr> blocks;
    for (const std::string_view text : {"10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12",
                                        "192.168.0.0/16", "127.0.0.0/8", "::1/128"}) {
        blocks.push_back(*Cidr::parse(text));
    }
    return blocks;
}

bool default_preserve_client_ip(TargetType type, Protocol protocol) {
    return type != TargetType::Ip || (protocol != Protocol::Tcp && protocol != Protocol::Tls);
}

bool default_unhealthy_connection_termination(Protocol protocol) {
    return protocol != Protocol::Udp && protocol != Protocol::TcpUdp;
}

HealthCheckProtocol default_check_protocol(TargetType type) {
    return type == TargetType::Alb ? HealthCheckProtocol::Http : HealthCheckProtocol::Tcp;
}

std::uint32_t default_check_timeout(HealthCheckProtocol protocol) {
    return protocol == HealthCheckProtocol::Http ? 6 : 10;
}

std::string_view default_ssl_policy() {
    return "ELBSecurityPolicy-2016-08";
}

} // namespace nlb::model
