// SPDX-License-Identifier: Apache-2.0
#include "config/complete.hpp"

#include "model/defaults.hpp"

#include <algorithm>

namespace nlb::config {

namespace {

using model::Configuration;
using model::Listener;
using model::LoadBalancer;
using model::Path;
using model::Target;
using model::TargetGroup;

constexpr std::size_t kMostSubnets = 200;

class Completer {
  public:
    Completer(Configuration& configuration, const Node& root)
        : configuration_(configuration), root_(root) {}

    void run() {
        for (std::size_t i = 0; i < configuration_.load_balancers.size(); ++i) {
            complete_balancer(configuration_.load_balancers[i], Path() / "load_balancers" / i);
        }
        for (std::size_t i = 0; i < configuration_.target_groups.size(); ++i) {
            complete_group(configuration_.target_groups[i], Path() / "target_groups" / i);
        }
    }

  private:
    [[nodiscard]] bool given(const Path& path) const { return find(root_, path).node != nullptr; }

    [[nodiscard]] std::string hex_or(const std::string& given_hex, std::string_view kind,
                                     const std::string& name) const {
        if (!given_hex.empty()) return given_hex;
        return model::resource_hex(configuration_.account, configuration_.region, kind, name);
    }

    void complete_balancer(LoadBalancer& lb, const Path& path) {
        lb.id.value =
            "net/" + lb.name.value + "/" + hex_or(lb.id.value, "loadbalancer", lb.name.value);
        if (!given(path / "attributes" / "ipv6.deny_all_igw_traffic")) {
            lb.attributes.ipv6_deny_all_igw_traffic = lb.scheme == model::Scheme::Internal;
        }
        for (auto& zone : lb.zones) {
            if (zone.private_address.is_unspecified()) zone.private_address = zone.address;
        }
        const bool only = lb.zones.size() == 1;
        const model::ZoneName none;
        for (std::size_t i = 0; i < lb.listeners.size(); ++i) {
            Listener& listener = lb.listeners[i];
            complete_listener(listener, lb, path / "listeners" / i);
            const auto [it, is_new] =
                only_zone_.emplace(listener.target_group, only ? lb.zones.front().name : none);
            if (!is_new && (!only || it->second != lb.zones.front().name)) it->second = none;
        }
    }

    void complete_listener(Listener& listener, const LoadBalancer& lb, const Path& path) {
        const std::string unique = lb.name.value + "/" + std::to_string(listener.port);
        listener.id.value =
            "listener/" + lb.id.value + "/" + hex_or(listener.id.value, "listener", unique);
        if (listener.protocol != model::Protocol::Tls) return;
        if (listener.ssl_policy.empty()) listener.ssl_policy = model::default_ssl_policy();
        if (!given(path / "alpn_policy")) listener.alpn_policy = "None";
    }

    void complete_group(TargetGroup& group, const Path& path) {
        group.id.value = "targetgroup/" + group.name.value + "/" +
                         hex_or(group.id.value, "targetgroup", group.name.value);
        auto& check = group.health_check;
        if (!given(path / "health_check" / "protocol")) {
            check.protocol = model::default_check_protocol(group.target_type);
        }
        if (!given(path / "health_check" / "timeout_seconds")) {
            check.timeout_seconds = model::default_check_timeout(check.protocol);
        }
        if (!given(path / "attributes" / "preserve_client_ip.enabled")) {
            group.attributes.preserve_client_ip_enabled =
                model::default_preserve_client_ip(group.target_type, group.protocol);
        }
        if (!given(path / "attributes" /
                   "target_health_state.unhealthy.connection_termination.enabled")) {
            group.attributes.unhealthy_connection_termination_enabled =
                model::default_unhealthy_connection_termination(group.protocol);
        }
        for (auto& target : group.targets)
            complete_target(target, group);
    }

    void complete_target(Target& target, const TargetGroup& group) {
        if (target.port == 0) target.port = group.port;
        switch (group.target_type) {
        case model::TargetType::Instance: complete_instance(target); break;
        case model::TargetType::Alb: complete_alb(target); break;
        case model::TargetType::Ip:
            if (const auto address = IpAddress::parse(target.id)) target.address = *address;
            break;
        }
        if (target.zone.value == "all") {
            target.zone.value.clear();
            target.all_zones = true;
        } else if (target.zone.empty() && !target.address.is_unspecified()) {
            find_zone(target, group);
        }
    }

    void complete_instance(Target& target) {
        const auto it = configuration_.inventory.instances.find(target.id);
        if (it == configuration_.inventory.instances.end()) return;
        target.address = it->second.address;
        if (!target.zone.empty()) return;
        target.zone = it->second.zone;
        const auto subnet = configuration_.inventory.subnets.find(it->second.subnet);
        if (target.zone.empty() && subnet != configuration_.inventory.subnets.end()) {
            target.zone = subnet->second.zone;
        }
    }

    void complete_alb(Target& target) {
        const auto it = configuration_.inventory.albs.find(target.id);
        if (it == configuration_.inventory.albs.end()) return;
        target.address = it->second.address;
        if (!target.zone.empty()) return;
        target.zone = it->second.zone;
        target.all_zones = target.zone.empty();
    }

    /// The zone of the subnet the address lies in; "all" outside the VPC; else the only zone of
    /// the balancer.
    void find_zone(Target& target, const TargetGroup& group) {
        if (target.all_zones) return;
        std::size_t looked_at = 0;
        for (const auto& [name, subnet] : configuration_.inventory.subnets) {
            if (++looked_at > kMostSubnets) break; // refused by the rules
            if (contains(subnet.cidrs, target.address)) {
                target.zone = subnet.zone;
                return;
            }
        }
        if (!contains(configuration_.vpc.cidrs, target.address)) {
            target.all_zones = true;
            return;
        }
        const auto only = only_zone_.find(group.name);
        if (only != only_zone_.end()) target.zone = only->second;
    }

    static bool contains(const std::vector<Cidr>& blocks, const IpAddress& address) {
        return std::any_of(blocks.begin(), blocks.end(),
                           [&](const Cidr& block) { return block.contains(address); });
    }

    Configuration& configuration_;
    const Node& root_;
    /// The one zone behind a group; empty when there are several.
    std::map<model::TargetGroupName, model::ZoneName> only_zone_;
};

} // namespace

void complete(Configuration& configuration, const Node& root) {
    Completer(configuration, root).run();
}

} // namespace nlb::config
