// SPDX-License-Identifier: Apache-2.0
// Quotas [p.93].
#include "base/text.hpp"
#include "model/rule_context.hpp"

namespace nlb::model {

namespace {

/// What a quota counts, in the words for one and for several.
struct Noun {
    std::string one;
    std::string many;
};

/// The error "at most N ... (quotas.NAME)".
void limit(RuleContext& context, const Path& path, std::size_t count, std::uint32_t most,
           const Noun& noun, const std::string& quota) {
    if (count <= most) return;
    context.error(path,
                  "at most " + std::to_string(most) + " " + (most == 1 ? noun.one : noun.many) +
                      ", this has " + std::to_string(count) + " (quotas." + quota + ")",
                  {Path() / "quotas" / quota});
}

/// What the targets of one balancer count towards its quotas.
class TargetCount {
  public:
    explicit TargetCount(const LoadBalancer& balancer) : balancer_(balancer) {}

    void add(const TargetGroup& group) {
        for (const Target& target : group.targets) {
            const std::size_t weight = weight_of(group);
            if (seen_.insert(target.key()).second) total_ += weight;
            (target.all_zones ? everywhere_ : per_zone_[target.zone]) += weight;
        }
    }

    [[nodiscard]] std::size_t total() const { return total_; }

    [[nodiscard]] std::size_t in(const ZoneName& zone) const {
        const auto it = per_zone_.find(zone);
        return everywhere_ + (it == per_zone_.end() ? 0 : it->second);
    }

  private:
    /// An alb counts as 50 targets, as 100 with cross-zone load balancing [p.65, p.93].
    [[nodiscard]] std::size_t weight_of(const TargetGroup& group) const {
        if (group.target_type != TargetType::Alb) return 1;
        const CrossZone own = group.attributes.load_balancing_cross_zone_enabled;
        const bool crosses = own == CrossZone::UseLoadBalancerConfiguration
                                 ? balancer_.attributes.load_balancing_cross_zone_enabled
                                 : own == CrossZone::True;
        return crosses ? 100 : 50;
    }

    const LoadBalancer& balancer_;
    std::set<TargetId> seen_;
    std::map<ZoneName, std::size_t> per_zone_;
    std::size_t everywhere_ = 0;
    std::size_t total_ = 0;
};

void check_balancer(RuleContext& context, std::size_t index) {
    const LoadBalancer& lb = context.configuration.load_balancers[index];
    const Path path = RuleContext::balancer(index);
    const Quotas& q = context.configuration.quotas;
    limit(context, path / "listeners", lb.listeners.size(), q.listeners_per_load_balancer,
          {"listener", "listeners"}, "listeners_per_load_balancer");
    std::set<std::string> certificates;
    for (const Listener& listener : lb.listeners)
        certificates.insert(listener.certificates.begin(), listener.certificates.end());
    limit(context, path / "listeners", certificates.size(), q.certificates_per_load_balancer,
          {"certificate", "certificates"}, "certificates_per_load_balancer");
    TargetCount count(lb);
    for (const std::size_t group : context.groups_of(lb)) {
        if (context.owns(index, group)) count.add(context.configuration.target_groups[group]);
    }
    limit(context, path / "name", count.total(), q.targets_per_load_balancer, {"target", "targets"},
          "targets_per_load_balancer");
    for (std::size_t i = 0; i < lb.zones.size(); ++i) {
        limit(context, path / "zones" / i / "name", count.in(lb.zones[i].name),
              q.targets_per_zone_per_load_balancer, {"target in one zone", "targets in one zone"},
              "targets_per_zone_per_load_balancer");
    }
}

} // namespace

void check_quotas(RuleContext& context) {
    const Configuration& c = context.configuration;
    const Quotas& q = c.quotas;
    limit(context, Path() / "load_balancers", c.load_balancers.size(), q.load_balancers,
          {"load balancer", "load balancers"}, "load_balancers");
    limit(context, Path() / "target_groups", c.target_groups.size(), q.target_groups,
          {"target group", "target groups"}, "target_groups");
    std::size_t interfaces = 0;
    for (std::size_t i = 0; i < c.load_balancers.size(); ++i) {
        interfaces += c.load_balancers[i].zones.size();
        check_balancer(context, i);
    }
    limit(context, Path() / "load_balancers", interfaces, q.network_interfaces_per_vpc,
          {"node in all zones", "nodes in all zones"}, "network_interfaces_per_vpc");
    for (std::size_t i = 0; i < c.target_groups.size(); ++i) {
        const TargetGroup& group = c.target_groups[i];
        const bool alb = group.target_type == TargetType::Alb;
        limit(context, RuleContext::group(i) / "targets", group.targets.size(),
              alb ? q.albs_per_target_group : q.targets_per_target_group,
              alb ? Noun{"alb", "albs"} : Noun{"target", "targets"},
              alb ? "albs_per_target_group" : "targets_per_target_group");
    }
}

} // namespace nlb::model
