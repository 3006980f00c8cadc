// SPDX-License-Identifier: Apache-2.0
// Listeners, and whether a listener and its target group fit together.
#include "base/text.hpp"
#include "model/rule_context.hpp"

#include <algorithm>
#include <array>

namespace nlb::model {

namespace {

/// Security policies of p.26-34.
constexpr std::array<std::string_view, 18> kSslPolicies{"ELBSecurityPolicy-2016-08",
                                                        "ELBSecurityPolicy-TLS13-1-2-2021-06",
                                                        "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
                                                        "ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06",
                                                        "ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06",
                                                        "ELBSecurityPolicy-TLS13-1-1-2021-06",
                                                        "ELBSecurityPolicy-TLS13-1-0-2021-06",
                                                        "ELBSecurityPolicy-TLS13-1-3-2021-06",
                                                        "ELBSecurityPolicy-TLS-1-2-2017-01",
                                                        "ELBSecurityPolicy-TLS-1-1-2017-01",
                                                        "ELBSecurityPolicy-TLS-1-2-Ext-2018-06",
                                                        "ELBSecurityPolicy-FS-2018-06",
                                                        "ELBSecurityPolicy-2015-05",
                                                        "ELBSecurityPolicy-TLS-1-0-2015-04",
                                                        "ELBSecurityPolicy-FS-1-2-Res-2019-08",
                                                        "ELBSecurityPolicy-FS-1-1-2019-08",
                                                        "ELBSecurityPolicy-FS-1-2-2019-08",
                                                        "ELBSecurityPolicy-FS-1-2-Res-2020-10"};

/// ALPN policies of p.34.
constexpr std::array<std::string_view, 5> kAlpnPolicies{"HTTP1Only", "HTTP2Only", "HTTP2Optional",
                                                        "HTTP2Preferred", "None"};

template <class Names>
bool has(const Names& names, std::string_view word) {
    return std::find(names.begin(), names.end(), word) != names.end();
}

void check_certificates(RuleContext& context, const Listener& listener, const Path& path) {
    if (listener.certificates.empty()) { // [p.25]
        context.error(path, "required: a TLS listener has at least one certificate");
    }
    const auto& known = context.configuration.inventory.certificates;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < listener.certificates.size(); ++i) {
        const std::string& name = listener.certificates[i];
        if (known.count(name) == 0) {
            context.error(path / i, "a certificate of inventory.certificates" +
                                        context.guess_key(name, known));
        }
        if (!seen.insert(name).second) context.error(path / i, "each certificate once");
    }
}

void check_tls(RuleContext& context, const Listener& listener, const Path& path) {
    if (listener.protocol == Protocol::Tls) {
        check_certificates(context, listener, path / "certificates");
        if (!has(kSslPolicies, listener.ssl_policy)) {
            context.error(path / "ssl_policy",
                          "a security policy of the guide" +
                              context.guess(listener.ssl_policy, kSslPolicies));
        }
        if (!has(kAlpnPolicies, listener.alpn_policy)) {
            context.error(path / "alpn_policy", "must be " + either(kAlpnPolicies));
        }
        return;
    }
    const std::vector<Path> also{path / "protocol"};
    if (!listener.ssl_policy.empty()) {
        context.error(path / "ssl_policy", "only for TLS listeners", also);
    }
    if (!listener.alpn_policy.empty()) {
        context.error(path / "alpn_policy", "only for TLS listeners", also);
    }
    if (!listener.certificates.empty()) {
        context.error(path / "certificates", "only for TLS listeners", also);
    }
}

std::vector<Protocol> group_protocols(Protocol listener) { // [p.40]
    switch (listener) {
    case Protocol::Tcp: return {Protocol::Tcp, Protocol::TcpUdp};
    case Protocol::Tls: return {Protocol::Tcp, Protocol::Tls};
    case Protocol::Udp: return {Protocol::Udp, Protocol::TcpUdp};
    case Protocol::TcpUdp: break;
    }
    return {Protocol::TcpUdp};
}

bool carries_streams_only(Protocol protocol) {
    return protocol == Protocol::Tcp || protocol == Protocol::Tls;
}

/// `listener` at `path` forwards to group number `index`.
void check_pair(RuleContext& context, const Listener& listener, const Path& path,
                std::size_t index) {
    const TargetGroup& group = context.configuration.target_groups[index];
    const Path at = RuleContext::group(index);
    const std::vector<Path> also{path / "protocol", at / "protocol", at / "target_type"};
    const auto fitting = group_protocols(listener.protocol);
    if (std::find(fitting.begin(), fitting.end(), group.protocol) == fitting.end()) {
        std::vector<std::string_view> names;
        names.reserve(fitting.size());
        for (const Protocol protocol : fitting)
            names.push_back(to_text(protocol));
        context.error(path / "target_group",
                      "a " + std::string(to_text(listener.protocol)) +
                          " listener forwards to groups of protocol " + either(names) +
                          ", this group has " + std::string(to_text(group.protocol)),
                      also);
    } else if (group.target_type == TargetType::Alb && listener.protocol != Protocol::Tcp) {
        context.error(path / "target_group", "an alb group takes TCP listeners only", also);
    }
    if (listener.protocol == Protocol::Tls && group.attributes.stickiness_enabled) { // [p.47]
        context.error(at / "attributes" / "stickiness.enabled",
                      "must be false behind a TLS listener", {path / "protocol"});
    }
}

void check_dualstack(RuleContext& context, const LoadBalancer& lb, const Path& balancer,
                     const Path& path, const Listener& listener) {
    const bool dualstack = lb.ip_address_type == LoadBalancerIpType::Dualstack;
    const std::vector<Path> also{balancer / "ip_address_type", path / "protocol"};
    if (dualstack && !carries_streams_only(listener.protocol)) { // [p.23]
        context.error(path / "protocol", "a dualstack load balancer takes TCP or TLS", also);
    }
    const auto index = context.group_index(listener.target_group);
    if (!index) return;
    const TargetGroup& group = context.configuration.target_groups[*index];
    if (dualstack && !carries_streams_only(group.protocol)) { // [p.11]
        context.error(path / "target_group",
                      "behind a dualstack load balancer: a group of protocol TCP or TLS", also);
    }
    if (!dualstack && group.ip_address_type == TargetGroupIpType::Ipv6) { // [p.41]
        context.error(path / "target_group",
                      "an ipv6 group goes with a dualstack load balancer only", also);
    }
}

void check_endpoint(RuleContext& context, const Listener& listener, const Path& path) {
    constexpr std::size_t kMost = 128;
    const std::string& id = listener.vpc_endpoint_id;
    if (id.size() > kMost || !(id.empty() || is_alphanumeric_or_hyphen(id)))
        context.error(path / "vpc_endpoint_id", "at most 128 letters, digits and hyphens");
}

void check_limit(RuleContext& context, const Listener& listener, const Path& path) {
    if (listener.max_connections != 0 && listener.protocol == Protocol::Udp)
        context.error(path / "max_connections", "not for UDP listeners, which have no connections",
                      {path / "protocol"});
}

void check_group_name(RuleContext& context, const Listener& listener, const Path& path) {
    std::vector<std::string_view> names;
    constexpr std::size_t kMostNames = 1000;
    for (const auto& group : context.configuration.target_groups) {
        if (!context.is_full() && names.size() < kMostNames) names.push_back(group.name.value);
    }
    context.error(path / "target_group", "the name of one of the target_groups" +
                                             context.guess(listener.target_group.value, names));
}

} // namespace

void check_listeners(RuleContext& context) {
    const auto& balancers = context.configuration.load_balancers;
    for (std::size_t i = 0; i < balancers.size(); ++i) {
        const LoadBalancer& lb = balancers[i];
        std::map<std::uint16_t, std::size_t> ports;
        for (std::size_t j = 0; j < lb.listeners.size(); ++j) {
            const Listener& listener = lb.listeners[j];
            const Path path = RuleContext::balancer(i) / "listeners" / j;
            const auto [it, is_new] = ports.emplace(listener.port, j);
            if (!is_new && listener.port != 0) { // [p.23]
                context.error(path / "port", "a port no other listener has (TCP and UDP on one "
                                             "port: one TCP_UDP listener)");
            }
            check_tls(context, listener, path);
            check_endpoint(context, listener, path);
            check_limit(context, listener, path);
            check_dualstack(context, lb, RuleContext::balancer(i), path, listener);
            const auto index = context.group_index(listener.target_group);
            if (index) {
                check_pair(context, listener, path, *index);
            } else {
                check_group_name(context, listener, path);
            }
        }
    }
}

} // namespace nlb::model
