// SPDX-License-Identifier: Apache-2.0
// Words of the domain: ids, enumerations with their published spelling, and how resources are
// named. [AWS: Network Load Balancers guide; page numbers are those of its table of contents]
#pragma once

#include "base/enum_text.hpp"
#include "base/strong_id.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace nlb::model {

using LoadBalancerName = StrongId<struct LoadBalancerNameTag>; ///< name, unique per file [p.15]
using TargetGroupName = StrongId<struct TargetGroupNameTag>;   ///< name, unique per file [p.48]
using ZoneName = StrongId<struct ZoneNameTag>;                 ///< "us-east-2a" [p.12]

/// What streams, logs and metrics call a resource; the metric dimensions of p.77.
using LoadBalancerId = StrongId<struct LoadBalancerIdTag>; ///< "net/NAME/0123456789abcdef"
using TargetGroupId = StrongId<struct TargetGroupIdTag>;   ///< "targetgroup/NAME/0123456789abcdef"
using ListenerId = StrongId<struct ListenerIdTag>;         ///< "listener/net/NAME/LB-HEX/HEX"
using TargetId = StrongId<struct TargetIdTag>;             ///< "ID:PORT", unique within its group

enum class Protocol : std::uint8_t { Tcp, Tls, Udp, TcpUdp };                      // [p.23]
enum class Scheme : std::uint8_t { InternetFacing, Internal };                     // [p.15]
enum class LoadBalancerIpType : std::uint8_t { Ipv4, Dualstack };                  // [p.11]
enum class TargetGroupIpType : std::uint8_t { Ipv4, Ipv6 };                        // [p.41]
enum class TargetType : std::uint8_t { Instance, Ip, Alb };                        // [p.40]
enum class HealthCheckProtocol : std::uint8_t { Tcp, Http, Https };                // [p.52]
enum class CrossZone : std::uint8_t { UseLoadBalancerConfiguration, True, False }; // [p.42]

enum class StickinessType : std::uint8_t { SourceIp }; // [p.42]
enum class InstanceState : std::uint8_t {
    Pending,
    Running,
    Stopping,
    Stopped,
    ShuttingDown,
    Terminated
};

/// Health status of a registered target [p.53].
enum class HealthState : std::uint8_t {
    Initial,
    Healthy,
    Unhealthy,
    Unused,
    Draining,
    Unavailable,
    UnhealthyDraining ///< fails its checks, and its connections go on for an interval
};

/// Why a target is in a state other than healthy [p.54]; None goes with Healthy.
enum class HealthReason : std::uint8_t {
    None,
    ElbInitialHealthChecking,
    ElbInternalError,
    ElbRegistrationInProgress,
    TargetDeregistrationInProgress,
    TargetFailedHealthChecks,
    TargetInvalidState,
    TargetIpUnusable,
    TargetNotInUse,
    TargetNotRegistered
};

/// Why a target does or does not take new flows from one node: the answer of lib/route.
enum class RouteReason : std::uint8_t {
    Healthy,               ///< takes flows
    FailOpen,              ///< takes flows: no healthy target in any enabled zone [p.51]
    UnhealthyStateRouting, ///< takes flows: too few healthy targets for this node [p.57]
    OtherZone,             ///< not the node's zone, and cross-zone load balancing is off [p.55]
    ZoneNotEnabled,        ///< no node of the balancer in the target's zone [p.42]
    ZonalShift,            ///< traffic is moved away from the node's zone [p.20]
    Initial,
    Unhealthy,
    Draining,
    Unused,
    Unavailable
};

/// 16 lower-case hex digits derived from what makes a resource unique, so that every node that
/// reads the same file uses the same ids.
std::string resource_hex(std::string_view account, std::string_view region, std::string_view kind,
                         std::string_view name);

/// A file name that stays within the folder of scripts: no /, no . in front, 1-255 visible
/// characters.
bool is_script_name(std::string_view text);

} // namespace nlb::model

namespace nlb {

template <>
struct EnumText<model::Protocol> {
    static constexpr std::array<std::string_view, 4> names{"TCP", "TLS", "UDP", "TCP_UDP"};
};

template <>
struct EnumText<model::Scheme> {
    static constexpr std::array<std::string_view, 2> names{"internet-facing", "internal"};
};

template <>
struct EnumText<model::LoadBalancerIpType> {
    static constexpr std::array<std::string_view, 2> names{"ipv4", "dualstack"};
};

template <>
struct EnumText<model::TargetGroupIpType> {
    static constexpr std::array<std::string_view, 2> names{"ipv4", "ipv6"};
};

template <>
struct EnumText<model::TargetType> {
    static constexpr std::array<std::string_view, 3> names{"instance", "ip", "alb"};
};

template <>
struct EnumText<model::HealthCheckProtocol> {
    static constexpr std::array<std::string_view, 3> names{"TCP", "HTTP", "HTTPS"};
};

template <>
struct EnumText<model::CrossZone> {
    static constexpr std::array<std::string_view, 3> names{"use_load_balancer_configuration",
                                                           "true", "false"};
};

template <>
struct EnumText<model::StickinessType> {
    static constexpr std::array<std::string_view, 1> names{"source_ip"};
};

template <>
struct EnumText<model::InstanceState> {
    static constexpr std::array<std::string_view, 6> names{
        "pending", "running", "stopping", "stopped", "shutting-down", "terminated"};
};

template <>
struct EnumText<model::HealthState> {
    static constexpr std::array<std::string_view, 7> names{
        "initial",  "healthy",     "unhealthy",         "unused",
        "draining", "unavailable", "unhealthy.draining"};
};

template <>
struct EnumText<model::HealthReason> {
    static constexpr std::array<std::string_view, 10> names{"",
                                                            "Elb.InitialHealthChecking",
                                                            "Elb.InternalError",
                                                            "Elb.RegistrationInProgress",
                                                            "Target.DeregistrationInProgress",
                                                            "Target.FailedHealthChecks",
                                                            "Target.InvalidState",
                                                            "Target.IpUnusable",
                                                            "Target.NotInUse",
                                                            "Target.NotRegistered"};
};

template <>
struct EnumText<model::RouteReason> {
    static constexpr std::array<std::string_view, 11> names{
        "healthy",    "fail-open",        "unhealthy-state-routing",
        "other-zone", "zone-not-enabled", "zonal-shift",
        "initial",    "unhealthy",        "draining",
        "unused",     "unavailable"};
};

} // namespace nlb
