// SPDX-License-Identifier: Apache-2.0
// Every key of nlb.toml, once: Reader and Writer both walk these lists, so what can be read can be
// shown. Ranges are those of nlb.toml(5), which cites the guide page of each.
#pragma once

#include "config/reader.hpp"

namespace nlb::config {

constexpr Range kPort{1, 65535};
constexpr std::uint32_t kMostTargets = 1'000'000; ///< what a raised quota may allow
constexpr std::uint32_t kMostConnections = 100'000'000;

template <class Io>
void fields(Io& io, model::LoadBalancerAttributes& a) {
    io.field("access_logs.s3.enabled", a.access_logs_s3_enabled);
    io.field("access_logs.s3.bucket", a.access_logs_s3_bucket);
    io.field("access_logs.s3.prefix", a.access_logs_s3_prefix);
    io.field("deletion_protection.enabled", a.deletion_protection_enabled);
    io.field("ipv6.deny_all_igw_traffic", a.ipv6_deny_all_igw_traffic);
    io.field("load_balancing.cross_zone.enabled", a.load_balancing_cross_zone_enabled);
}

template <class Io>
void fields(Io& io, model::Zone& z) {
    io.field("name", z.name, Need::Required);
    io.field("subnet", z.subnet);
    io.field("address", z.address, Need::Required);
    io.field("private_address", z.private_address);
    io.field("ipv6_address", z.ipv6_address);
}

template <class Io>
void fields(Io& io, model::Listener& l) {
    io.choice("protocol", l.protocol, Need::Required);
    io.number("port", l.port, kPort, Need::Required);
    io.field("target_group", l.target_group, Need::Required);
    io.hex("id", l.id.value);
    if (!Io::kWrites || l.protocol != model::Protocol::Udp) {
        io.number("tcp_idle_timeout_seconds", l.tcp_idle_timeout_seconds, {60, 6000});
    }
    if (!Io::kWrites || l.max_connections != 0) {
        io.number("max_connections", l.max_connections, {1, kMostConnections});
    }
    if (!Io::kWrites || !l.vpc_endpoint_id.empty()) io.field("vpc_endpoint_id", l.vpc_endpoint_id);
    if (!Io::kWrites || l.protocol == model::Protocol::Tls) {
        io.field("ssl_policy", l.ssl_policy);
        io.field("alpn_policy", l.alpn_policy);
        io.field("certificates", l.certificates);
    }
}

template <class Io>
void fields(Io& io, model::LoadBalancer& lb) {
    io.field("name", lb.name, Need::Required);
    io.hex("id", lb.id.value);
    io.choice("scheme", lb.scheme);
    io.choice("ip_address_type", lb.ip_address_type);
    io.attributes("attributes", lb.attributes);
    io.field("tags", lb.tags);
    io.list("zones", lb.zones);
    io.list("listeners", lb.listeners);
}

template <class Io>
void fields(Io& io, model::HealthCheck& c) {
    io.choice("protocol", c.protocol);
    io.check_port("port", c.port);
    if (!Io::kWrites || c.protocol != model::HealthCheckProtocol::Tcp) {
        io.field("path", c.path);
        io.field("matcher", c.matcher);
    }
    io.number("timeout_seconds", c.timeout_seconds, {2, 120});
    io.number("interval_seconds", c.interval_seconds, {5, 300});
    io.number("healthy_threshold_count", c.healthy_threshold, {2, 10});
    io.number("unhealthy_threshold_count", c.unhealthy_threshold, {2, 10});
    const auto extension = [&io](std::string_view name, std::uint32_t& value, Range range) {
        if (!Io::kWrites || value != 0) io.number(name, value, range);
    };
    extension("timeout_milliseconds", c.timeout_milliseconds, {50, 120'000});
    extension("interval_milliseconds", c.interval_milliseconds, {100, 300'000});
    extension("fast_interval_milliseconds", c.fast_interval_milliseconds, {100, 300'000});
    io.field("exec", c.exec);
}

template <class Io>
void fields(Io& io, model::TargetGroupAttributes& a) {
    io.number("deregistration_delay.timeout_seconds", a.deregistration_delay_timeout_seconds,
              {0, 3600});
    io.field("deregistration_delay.connection_termination.enabled",
             a.deregistration_delay_connection_termination_enabled);
    io.field("load_balancing.cross_zone.enabled", a.load_balancing_cross_zone_enabled);
    io.field("preserve_client_ip.enabled", a.preserve_client_ip_enabled);
    io.field("proxy_protocol_v2.enabled", a.proxy_protocol_v2_enabled);
    io.field("stickiness.enabled", a.stickiness_enabled);
    io.choice("stickiness.type", a.stickiness_type);
    io.threshold("target_group_health.dns_failover.minimum_healthy_targets.count",
                 a.dns_failover_minimum_healthy_targets_count, kMostTargets);
    io.threshold("target_group_health.dns_failover.minimum_healthy_targets.percentage",
                 a.dns_failover_minimum_healthy_targets_percentage, 100);
    io.number("target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
              a.unhealthy_state_routing_minimum_healthy_targets_count, {1, kMostTargets});
    io.threshold("target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
                 a.unhealthy_state_routing_minimum_healthy_targets_percentage, 100);
    io.field("target_health_state.unhealthy.connection_termination.enabled",
             a.unhealthy_connection_termination_enabled);
    io.number("target_health_state.unhealthy.draining_interval_seconds",
              a.unhealthy_draining_interval_seconds, {0, 360'000});
}

template <class Io>
void fields(Io& io, model::Target& t) {
    io.field("id", t.id, Need::Required);
    io.number("port", t.port, kPort);
    io.field("zone", t.zone);
    if (!Io::kWrites || t.weight != 1) io.number("weight", t.weight, {1, 1000});
}

template <class Io>
void fields(Io& io, model::TargetGroup& g) {
    io.field("name", g.name, Need::Required);
    io.hex("id", g.id.value);
    io.choice("protocol", g.protocol, Need::Required);
    io.number("port", g.port, kPort, Need::Required);
    io.choice("target_type", g.target_type);
    io.choice("ip_address_type", g.ip_address_type);
    io.table("health_check", g.health_check);
    io.attributes("attributes", g.attributes);
    io.field("tags", g.tags);
    io.list("targets", g.targets);
}

template <class Io>
void fields(Io& io, model::InventoryInstance& i) {
    io.field("address", i.address, Need::Required);
    io.field("zone", i.zone);
    io.field("subnet", i.subnet);
    io.choice("state", i.state);
    io.field("type", i.type);
    io.field("vpc", i.vpc);
}

template <class Io>
void fields(Io& io, model::InventorySubnet& s) {
    io.field("zone", s.zone, Need::Required);
    io.field("cidrs", s.cidrs, 8);
}

template <class Io>
void fields(Io& io, model::InventoryCertificate& c) {
    io.field("certificate_file", c.certificate_file, Need::Required);
    io.field("private_key_file", c.private_key_file, Need::Required);
}

template <class Io>
void fields(Io& io, model::InventoryAlb::Listener& l) {
    io.number("port", l.port, kPort, Need::Required);
    io.choice("protocol", l.protocol);
}

template <class Io>
void fields(Io& io, model::InventoryAlb& a) {
    io.field("address", a.address, Need::Required);
    io.field("zone", a.zone);
    io.field("vpc", a.vpc);
    io.list("listeners", a.listeners);
}

template <class Io>
void fields(Io& io, model::Inventory& i) {
    io.dictionary("instances", i.instances);
    io.dictionary("subnets", i.subnets);
    io.dictionary("certificates", i.certificates);
    io.dictionary("albs", i.albs);
}

template <class Io>
void fields(Io& io, model::Quotas& q) {
    const Range adjustable{1, kMostTargets};
    io.number("certificates_per_load_balancer", q.certificates_per_load_balancer, adjustable);
    io.number("listeners_per_load_balancer", q.listeners_per_load_balancer, adjustable);
    io.number("targets_per_zone_per_load_balancer", q.targets_per_zone_per_load_balancer,
              adjustable);
    io.number("targets_per_load_balancer", q.targets_per_load_balancer, adjustable);
    io.number("load_balancers", q.load_balancers, adjustable);
    io.number("target_groups", q.target_groups, adjustable);
    io.number("targets_per_target_group", q.targets_per_target_group, adjustable);
    io.number("albs_per_target_group", q.albs_per_target_group, adjustable);
    io.number("network_interfaces_per_vpc", q.network_interfaces_per_vpc, adjustable);
}

template <class Io>
void fields(Io& io, model::Vpc& v) {
    io.field("id", v.id);
    io.field("cidrs", v.cidrs, 256);
}

template <class Io>
void fields(Io& io, model::Configuration& c) {
    io.field("account", c.account);
    io.field("region", c.region);
    io.field("domain", c.domain);
    io.table("vpc", c.vpc);
    io.table("quotas", c.quotas);
    io.table("inventory", c.inventory);
    io.list("load_balancers", c.load_balancers);
    io.list("target_groups", c.target_groups);
}

} // namespace nlb::config
