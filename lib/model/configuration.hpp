// SPDX-License-Identifier: Apache-2.0
// The resources of a balancer as nlb.toml describes them, defaults filled in. Plain values with no
// behaviour; the rules that bind them are in model/rules.hpp.
// [AWS: Network Load Balancers guide; page numbers are those of its table of contents]
#pragma once

#include "base/ip.hpp"
#include "model/names.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nlb::model {

using Tags = std::map<std::string, std::string>; ///< case-sensitive; at most 50 [p.18]

/// Published names and defaults [p.10].
struct LoadBalancerAttributes {
    bool access_logs_s3_enabled = false;
    std::string access_logs_s3_bucket; ///< required when access logs are enabled
    std::string access_logs_s3_prefix; ///< must not contain "AWSLogs" [p.83]
    bool deletion_protection_enabled = false;
    bool ipv6_deny_all_igw_traffic = false; ///< default: true for internal balancers
    bool load_balancing_cross_zone_enabled = false;
};

/// An enabled Availability Zone: one subnet and one node with a static address [p.12].
struct Zone {
    ZoneName name;
    std::string subnet;                    ///< key into the inventory; may be empty
    IpAddress address;                     ///< where clients connect
    std::optional<IpAddress> ipv6_address; ///< dualstack only
    IpAddress private_address; ///< source towards targets and of checks; default: address
};

struct Listener {
    ListenerId id;
    Protocol protocol = Protocol::Tcp;
    std::uint16_t port = 0; ///< 1-65535
    TargetGroupName target_group;
    std::uint32_t tcp_idle_timeout_seconds = 350; ///< 60-6000; extension to p.13
    std::uint32_t max_connections = 0; ///< at a time, of each node; 0: no limit; an extension
    std::string vpc_endpoint_id;       ///< told by PROXY protocol v2 headers [p.47]; empty: none
    std::string ssl_policy;            ///< TLS only [p.26]
    std::string alpn_policy;           ///< TLS only, default "None" [p.34]
    std::vector<std::string> certificates; ///< inventory keys; the first is the default [p.25]
};

struct LoadBalancer {
    LoadBalancerName name;
    LoadBalancerId id;
    Scheme scheme = Scheme::InternetFacing;
    LoadBalancerIpType ip_address_type = LoadBalancerIpType::Ipv4;
    LoadBalancerAttributes attributes;
    Tags tags;
    std::vector<Zone> zones;
    std::vector<Listener> listeners;
};

/// Settings of active checks with their defaults and ranges [p.52].
struct HealthCheck {
    HealthCheckProtocol protocol = HealthCheckProtocol::Tcp;
    std::uint16_t port = 0;                ///< 0: the port on which each target receives traffic
    std::string path = "/";                ///< HTTP and HTTPS
    std::uint32_t timeout_seconds = 10;    ///< 2-120; default 6 for HTTP, 10 for TCP and HTTPS
    std::uint32_t interval_seconds = 30;   ///< 5-300
    std::uint32_t healthy_threshold = 5;   ///< 2-10
    std::uint32_t unhealthy_threshold = 2; ///< 2-10
    std::string matcher = "200-399";       ///< codes and ranges within 200-599, comma-separated
    // Not of the guide, and off unless set:
    std::uint32_t timeout_milliseconds = 0;       ///< 50-120000, in place of seconds; 0: off
    std::uint32_t interval_milliseconds = 0;      ///< 100-300000, in place of seconds; 0: off
    std::uint32_t fast_interval_milliseconds = 0; ///< while the state is changing; 0: off
    std::string exec; ///< file name of a script that decides in place of the protocol

    [[nodiscard]] std::uint64_t timeout_ms() const {
        return timeout_milliseconds != 0 ? timeout_milliseconds : timeout_seconds * 1000ULL;
    }

    [[nodiscard]] std::uint64_t interval_ms() const {
        return interval_milliseconds != 0 ? interval_milliseconds : interval_seconds * 1000ULL;
    }
};

/// Published names, ranges and defaults [p.42].
struct TargetGroupAttributes {
    std::uint32_t deregistration_delay_timeout_seconds = 300; ///< 0-3600
    bool deregistration_delay_connection_termination_enabled = false;
    CrossZone load_balancing_cross_zone_enabled = CrossZone::UseLoadBalancerConfiguration;
    bool preserve_client_ip_enabled = false; ///< default depends on type and protocol [p.43]
    bool proxy_protocol_v2_enabled = false;
    bool stickiness_enabled = false;
    StickinessType stickiness_type = StickinessType::SourceIp;
    std::optional<std::uint32_t> dns_failover_minimum_healthy_targets_count;      ///< none: off
    std::optional<std::uint32_t> dns_failover_minimum_healthy_targets_percentage; ///< 1-100
    std::uint32_t unhealthy_state_routing_minimum_healthy_targets_count = 1;
    std::optional<std::uint32_t> unhealthy_state_routing_minimum_healthy_targets_percentage;
    bool unhealthy_connection_termination_enabled = true;  ///< false for UDP and TCP_UDP
    std::uint32_t unhealthy_draining_interval_seconds = 0; ///< 0-360000; only without termination
};

/// A registration [p.62].
struct Target {
    std::string id;           ///< as registered: instance id, IP address, or alb name
    std::uint16_t port = 0;   ///< the group's port unless overridden
    ZoneName zone;            ///< Availability Zone; empty with `all_zones`
    bool all_zones = false;   ///< outside the VPC: "all", belongs to every enabled zone
    IpAddress address;        ///< what `id` resolves to
    std::uint32_t weight = 1; ///< 1-1000: relative share of the new flows; an extension

    /// "ID:PORT"
    [[nodiscard]] TargetId key() const { return TargetId{id + ":" + std::to_string(port)}; }
};

struct TargetGroup {
    TargetGroupName name;
    TargetGroupId id;
    Protocol protocol = Protocol::Tcp;
    std::uint16_t port = 0;
    TargetType target_type = TargetType::Instance;
    TargetGroupIpType ip_address_type = TargetGroupIpType::Ipv4;
    HealthCheck health_check;
    TargetGroupAttributes attributes;
    Tags tags;
    std::vector<Target> targets;
};

/// What instance ids, subnets and certificates mean on this machine.
struct InventoryInstance {
    IpAddress address; ///< primary private address [p.41]
    ZoneName zone;
    std::string subnet;
    InstanceState state = InstanceState::Running;
    std::string type; ///< "m5.large"; legacy types are refused [p.42]
    std::string vpc;  ///< empty: the balancer's own
};

struct InventorySubnet {
    ZoneName zone;
    std::vector<Cidr> cidrs;
};

struct InventoryCertificate {
    std::string certificate_file;
    std::string private_key_file;
};

/// A local layer-7 proxy that can be registered with an alb group [p.64].
struct InventoryAlb {
    struct Listener {
        std::uint16_t port = 0;
        HealthCheckProtocol protocol = HealthCheckProtocol::Http; ///< Http or Https
    };

    IpAddress address;
    ZoneName zone;   ///< empty: all
    std::string vpc; ///< empty: the balancer's own
    std::vector<Listener> listeners;
};

struct Inventory {
    std::map<std::string, InventoryInstance> instances;
    std::map<std::string, InventorySubnet> subnets;
    std::map<std::string, InventoryCertificate> certificates;
    std::map<std::string, InventoryAlb> albs;
};

/// Defaults of p.93; the comment says which the service lets an operator raise.
struct Quotas {
    std::uint32_t certificates_per_load_balancer = 25;
    std::uint32_t listeners_per_load_balancer = 50; ///< not adjustable there
    std::uint32_t targets_per_zone_per_load_balancer = 500;
    std::uint32_t targets_per_load_balancer = 3000;
    std::uint32_t load_balancers = 50;
    std::uint32_t target_groups = 3000;
    std::uint32_t targets_per_target_group = 1000;
    std::uint32_t albs_per_target_group = 1; ///< not adjustable there
    std::uint32_t network_interfaces_per_vpc = 1200;
};

/// Where the balancer and its targets live.
struct Vpc {
    std::string id;          ///< "vpc-..."; empty: not named
    std::vector<Cidr> cidrs; ///< default: 10/8 100.64/10 172.16/12 192.168/16 127/8 ::1/128
};

struct Configuration {
    std::string account = "123456789012"; ///< 12 digits
    std::string region = "local-1";
    std::string domain = "nlb.internal"; ///< DNS suffix in place of amazonaws.com [p.14]
    Vpc vpc;
    std::vector<LoadBalancer> load_balancers;
    std::vector<TargetGroup> target_groups;
    Inventory inventory;
    Quotas quotas;

    [[nodiscard]] const TargetGroup* find_group(const TargetGroupName& name) const;

    /// Is it enabled for any load balancer?
    [[nodiscard]] bool has_zone(const ZoneName& name) const;
};

} // namespace nlb::model
