// SPDX-License-Identifier: Apache-2.0
// Target groups: what they are, their attributes, their health checks.
#include "base/text.hpp"
#include "model/rule_context.hpp"

#include <algorithm>
#include <charconv>

namespace nlb::model {

namespace {

void check_kind(RuleContext& context, const TargetGroup& group, const Path& path) {
    const std::vector<Path> also{path / "protocol", path / "target_type"};
    if (group.target_type == TargetType::Alb && group.protocol != Protocol::Tcp) { // [p.40]
        context.error(path / "protocol", "an alb group has protocol TCP", also);
    }
    if (group.ip_address_type != TargetGroupIpType::Ipv6) return;
    if (group.target_type != TargetType::Ip) { // [p.41]
        context.error(path / "ip_address_type", "ipv6 goes with target_type \"ip\" only", also);
    }
    if (group.protocol != Protocol::Tcp && group.protocol != Protocol::Tls) { // [p.41]
        context.error(path / "ip_address_type", "ipv6 goes with protocol TCP or TLS only", also);
    }
}

/// [API, TargetGroupAttribute]
void check_unhealthy_state(RuleContext& context, const TargetGroup& group, const Path& path,
                           bool datagrams) {
    const std::string termination = "target_health_state.unhealthy.connection_termination.enabled";
    const auto& a = group.attributes;
    if (a.unhealthy_connection_termination_enabled && datagrams) {
        context.error(path / termination, "must be false for UDP and TCP_UDP groups");
    } else if (a.unhealthy_connection_termination_enabled &&
               a.unhealthy_draining_interval_seconds != 0) {
        context.error(path / "target_health_state.unhealthy.draining_interval_seconds",
                      "0 unless " + termination + " is false", {path / termination});
    }
}

void check_threshold_pair(RuleContext& context, const Path& path, const std::string& kind,
                          std::optional<std::uint32_t> dns, std::optional<std::uint32_t> routing) {
    if (!dns || !routing || *dns >= *routing) return; // [p.57]
    const std::string routing_name =
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets." + kind;
    context.error(path / ("target_group_health.dns_failover.minimum_healthy_targets." + kind),
                  "off, or at least the " + std::to_string(*routing) + " of " + routing_name,
                  {path / routing_name});
}

/// "200", "200-399" or a list of both with commas, within 200-599 [p.53].
bool is_matcher(std::string_view text) {
    while (true) {
        const std::size_t comma = text.find(',');
        const std::string_view item = text.substr(0, comma);
        const std::size_t dash = item.find('-');
        const auto code = [](std::string_view digits) {
            int value = 0;
            const auto [end, ec] =
                std::from_chars(digits.data(), digits.data() + digits.size(), value);
            const bool whole = ec == std::errc{} && end == digits.data() + digits.size();
            return whole && digits.size() == 3 && value >= 200 && value <= 599 ? value : 0;
        };
        const int low = code(item.substr(0, dash));
        const int high = dash == std::string_view::npos ? low : code(item.substr(dash + 1));
        if (low == 0 || high < low) return false;
        if (comma == std::string_view::npos) return true;
        text.remove_prefix(comma + 1);
    }
}

bool is_check_path(std::string_view text) {
    constexpr std::size_t kLongestPath = 1024;
    return text.starts_with('/') && text.size() <= kLongestPath &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7F'; });
}

void check_tcp_check(RuleContext& context, const TargetGroup& group, const Path& path,
                     const std::vector<Path>& also) {
    if (group.target_type == TargetType::Alb) { // [p.52]
        context.error(path / "protocol", "alb groups: HTTP or HTTPS", also);
    }
    if (group.health_check.path != "/") {
        context.error(path / "path", "only for HTTP and HTTPS checks", also);
    }
    if (group.health_check.matcher != "200-399") {
        context.error(path / "matcher", "only for HTTP and HTTPS checks", also);
    }
}

void check_extensions(RuleContext& context, const HealthCheck& check, const Path& path) {
    if (check.fast_interval_milliseconds > check.interval_ms()) {
        context.error(path / "fast_interval_milliseconds",
                      "at most the interval, " + std::to_string(check.interval_ms()));
    }
    if (check.exec.empty()) return;
    if (!is_script_name(check.exec)) {
        context.error(path / "exec", "a file name without /, spaces or a . in front");
    }
    if (check.protocol != HealthCheckProtocol::Tcp) {
        context.error(path / "exec", "only with protocol TCP, in place of which it runs",
                      {path / "protocol"});
    }
}

} // namespace

void check_groups(RuleContext& context) {
    const auto& groups = context.configuration.target_groups;
    std::set<TargetGroupName> names;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const TargetGroup& group = groups[i];
        const Path path = RuleContext::group(i);
        check_name(context, path / "name", group.name.value);
        if (!names.insert(group.name).second) context.error(path / "name", "each name once");
        check_kind(context, group, path);
        check_tags(context, path / "tags", group.tags);
        if (context.users(i).size() > 1) { // [p.39]
            const std::size_t second = *std::next(context.users(i).begin());
            const auto& balancers = context.configuration.load_balancers;
            context.error(path / "name",
                          "a target group belongs to one load balancer; " +
                              in_quotes(balancers[*context.users(i).begin()].name.value) + " and " +
                              in_quotes(balancers[second].name.value) + " use it");
        }
    }
}

void check_group_attributes(RuleContext& context) {
    const auto& groups = context.configuration.target_groups;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const TargetGroup& group = groups[i];
        const auto& a = group.attributes;
        const Path path = RuleContext::group(i) / "attributes";
        const std::vector<Path> also{RuleContext::group(i) / "protocol",
                                     RuleContext::group(i) / "target_type"};
        const bool datagrams =
            group.protocol == Protocol::Udp || group.protocol == Protocol::TcpUdp;
        if (!a.preserve_client_ip_enabled && datagrams) { // [p.43]
            context.error(path / "preserve_client_ip.enabled",
                          "must be true for UDP and TCP_UDP groups", also);
        }
        if (!a.preserve_client_ip_enabled && group.target_type == TargetType::Alb) { // [p.44]
            context.error(path / "preserve_client_ip.enabled", "must be true for alb groups", also);
        }
        if (a.stickiness_enabled && group.protocol == Protocol::Tls) { // [p.47]
            context.error(path / "stickiness.enabled", "must be false for TLS groups", also);
        }
        check_unhealthy_state(context, group, path, datagrams);
        check_threshold_pair(context, path, "count", a.dns_failover_minimum_healthy_targets_count,
                             a.unhealthy_state_routing_minimum_healthy_targets_count);
        check_threshold_pair(context, path, "percentage",
                             a.dns_failover_minimum_healthy_targets_percentage,
                             a.unhealthy_state_routing_minimum_healthy_targets_percentage);
    }
}

void check_health_checks(RuleContext& context) {
    const auto& groups = context.configuration.target_groups;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const HealthCheck& check = groups[i].health_check;
        const Path path = RuleContext::group(i) / "health_check";
        const std::vector<Path> also{path / "protocol", RuleContext::group(i) / "target_type"};
        check_extensions(context, check, path);
        if (check.protocol == HealthCheckProtocol::Tcp) {
            check_tcp_check(context, groups[i], path, also);
            continue;
        }
        if (!is_check_path(check.path)) {
            context.error(path / "path", "a / and at most 1023 more characters, no spaces");
        }
        if (!is_matcher(check.matcher)) {
            context.error(path / "matcher", "codes and ranges within 200-599, such as "
                                            "\"200\", \"200,202\" or \"200-399\"");
        }
    }
}

} // namespace nlb::model
