// SPDX-License-Identifier: Apache-2.0
// Targets, as far as the configuration and its inventory show them [p.40-42, p.62-66].
#include "base/text.hpp"
#include "model/defaults.hpp"
#include "model/rule_context.hpp"

#include <algorithm>
#include <array>

namespace nlb::model {

namespace {

constexpr std::size_t kMostAlbUsers = 2; // [p.65]

constexpr std::array<std::string_view, 14> kLegacyFamilies{
    "c1", "cc1", "cc2", "cg1", "cg2", "cr1", "g1", "g2", "h1", "hs1", "m1", "m2", "m3", "t1"};

/// "m3.large" [p.42].
bool is_legacy(std::string_view type) {
    std::string family(type.substr(0, type.find('.')));
    std::transform(family.begin(), family.end(), family.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return std::find(kLegacyFamilies.begin(), kLegacyFamilies.end(), family) !=
           kLegacyFamilies.end();
}

/// Ranges an ip target may come from besides the VPC [p.40].
const std::vector<Cidr>& private_ranges() {
    static const std::vector<Cidr> ranges{*Cidr::parse("10.0.0.0/8"), *Cidr::parse("100.64.0.0/10"),
                                          *Cidr::parse("172.16.0.0/12"),
                                          *Cidr::parse("192.168.0.0/16")};
    return ranges;
}

class TargetRules {
  public:
    explicit TargetRules(RuleContext& context)
        : context_(context), inventory_(context.configuration.inventory),
          names_vpc_(context.configuration.vpc.cidrs != default_vpc_cidrs()) {}

    void check(const TargetGroup& group, const Path& path) {
        std::set<TargetId> keys;
        for (std::size_t i = 0; i < group.targets.size(); ++i) {
            const Target& target = group.targets[i];
            const Path at = path / "targets" / i;
            if (!keys.insert(target.key()).second) { // [p.62]
                context_.error(at / "id", "each target once per port; " +
                                              in_quotes(target.key().value) +
                                              " is registered already");
            }
            kind_ = {path / "target_type"};
            switch (group.target_type) {
            case TargetType::Instance: check_instance(target, at); break;
            case TargetType::Ip: check_ip(group, target, path, at); break;
            case TargetType::Alb: check_alb(group, target, path, at); break;
            }
            check_zone(target, at);
        }
    }

    /// At most two balancers in front of one alb [p.65].
    void check_sharing() {
        for (const auto& [alb, uses] : alb_users_) {
            if (uses.balancers.size() <= kMostAlbUsers) continue;
            context_.error(uses.last, "at most two load balancers in front of one alb");
        }
    }

    void count_alb(const Target& target, const Path& at, const std::set<std::size_t>& balancers) {
        auto& uses = alb_users_[target.id];
        for (const std::size_t balancer : balancers) {
            uses.balancers.insert(balancer);
            if (uses.balancers.size() > kMostAlbUsers) break;
        }
        uses.last = at / "id";
    }

  private:
    struct AlbUses {
        std::set<std::size_t> balancers;
        Path last;
    };

    void check_instance(const Target& target, const Path& at) {
        const auto it = inventory_.instances.find(target.id);
        if (it == inventory_.instances.end()) {
            context_.error(at / "id",
                           "an instance of inventory.instances" +
                               context_.guess_key(target.id, inventory_.instances),
                           kind_);
            return;
        }
        const InventoryInstance& instance = it->second;
        const Path entry = Path() / "inventory" / "instances" / target.id;
        // A new registration needs a running one [p.62]: that is a matter of changes.
        if (instance.state != InstanceState::Running) {
            context_.warning(at / "id",
                             "unused: the instance is " + std::string(to_text(instance.state)),
                             {entry / "state"});
        }
        if (is_legacy(instance.type)) { // [p.42]
            context_.error(at / "id",
                           "instances of type " + in_quotes(instance.type) +
                               " can be registered by IP address only",
                           {entry / "type"});
        }
        const std::string& own = context_.configuration.vpc.id;
        if (!instance.vpc.empty() && instance.vpc != own) { // [p.42]
            context_.error(at / "id",
                           "an instance of the VPC of the load balancer; this one lies in " +
                               in_quotes(instance.vpc),
                           {entry / "vpc"});
        }
        if (target.all_zones) {
            context_.error(at / "zone", "an instance has a zone of its own, not \"all\"");
        } else if (!instance.zone.empty() && target.zone != instance.zone) {
            context_.error(at / "zone",
                           "the zone of the instance, " + in_quotes(instance.zone.value));
        }
        if (!instance.address.is_v4()) {
            context_.error(at / "id", "an instance with an IPv4 address", {entry / "address"});
        }
    }

    void check_ip(const TargetGroup& group, const Target& target, const Path& path,
                  const Path& at) {
        const auto address = IpAddress::parse(target.id);
        if (!address || address->is_unspecified()) {
            context_.error(at / "id", "must be an IP address: the group's target_type is ip",
                           kind_);
            return;
        }
        const bool v6 = group.ip_address_type == TargetGroupIpType::Ipv6;
        if (address->is_v4() == v6) { // [p.41]
            context_.error(at / "id",
                           std::string("must be an ") + (v6 ? "IPv6" : "IPv4") +
                               " address: the group's ip_address_type is " +
                               std::string(to_text(group.ip_address_type)),
                           {path / "ip_address_type"});
            return;
        }
        if (!context_.in_vpc(*address) && (v6 || !contains(private_ranges(), *address))) {
            context_.error(at / "id",
                           v6 ? "must lie in vpc.cidrs"
                              : "must lie in vpc.cidrs, 10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12 "
                                "or 192.168.0.0/16; publicly routable addresses are refused",
                           {Path() / "vpc" / "cidrs"});
            return;
        }
        check_subnet(group, target, at);
    }

    void check_subnet(const TargetGroup& group, const Target& target, const Path& at) {
        const bool datagrams =
            group.protocol == Protocol::Udp || group.protocol == Protocol::TcpUdp;
        if (!context_.in_vpc(target.address)) {
            if (datagrams) { // [p.42]
                context_.warning(at / "id", "outside vpc.cidrs: the replies of a UDP target there "
                                            "may not come back");
            }
            return;
        }
        std::size_t looked_at = 0;
        for (const auto& [name, subnet] : inventory_.subnets) {
            if (++looked_at > kMostSubnets) return; // said by check_inventory
            if (!contains(subnet.cidrs, target.address)) continue;
            if (!target.all_zones && target.zone != subnet.zone) {
                context_.error(at / "zone", "the zone of its subnet " + in_quotes(name) + ", " +
                                                in_quotes(subnet.zone.value));
            }
            return;
        }
        if (names_vpc_ && !inventory_.subnets.empty()) { // [p.42]
            context_.error(at / "id", "lies in the VPC but in no subnet of inventory.subnets",
                           {Path() / "inventory" / "subnets"});
        }
    }

    void check_alb(const TargetGroup& group, const Target& target, const Path& path,
                   const Path& at) {
        if (target.port != group.port) { // [p.64]
            context_.error(at / "port",
                           "the port of an alb is that of its group, " + std::to_string(group.port),
                           {path / "port"});
        }
        const auto it = inventory_.albs.find(target.id);
        if (it == inventory_.albs.end()) {
            context_.error(
                at / "id",
                "an alb of inventory.albs" + context_.guess_key(target.id, inventory_.albs), kind_);
            return;
        }
        const InventoryAlb& alb = it->second;
        if (!alb.vpc.empty() && alb.vpc != context_.configuration.vpc.id) {
            context_.error(at / "id", "an alb of the VPC of the load balancer; this one lies in " +
                                          in_quotes(alb.vpc));
        }
        const auto listens = [&](std::uint16_t port, const HealthCheckProtocol* protocol) {
            return std::any_of(alb.listeners.begin(), alb.listeners.end(), [&](const auto& l) {
                return l.port == port && (protocol == nullptr || l.protocol == *protocol);
            });
        };
        if (!listens(group.port, nullptr)) { // [p.64]
            context_.error(at / "id",
                           "an alb with a listener on the group's port " +
                               std::to_string(group.port),
                           {path / "port"});
            return;
        }
        const auto& check = group.health_check;
        const std::uint16_t port = check.port == 0 ? group.port : check.port;
        if (!listens(port, &check.protocol)) { // [p.65]
            context_.error(at / "id",
                           (check.protocol == HealthCheckProtocol::Tcp ? "an alb with a "
                                                                       : "an alb with an ") +
                               std::string(to_text(check.protocol)) +
                               " listener on the health check port " + std::to_string(port),
                           {path / "health_check"});
        }
    }

    void check_zone(const Target& target, const Path& at) {
        const bool resolved = !target.address.is_unspecified();
        if (resolved && target.zone.empty() && !target.all_zones) {
            context_.error(at / "zone", "required: a zone or \"all\" (or describe the subnet of "
                                        "the address in inventory.subnets)");
        }
    }

    RuleContext& context_;
    const Inventory& inventory_;
    bool names_vpc_;
    std::vector<Path> kind_;
    std::map<std::string, AlbUses> alb_users_;
};

void check_instance_place(RuleContext& context, const InventoryInstance& instance,
                          const Path& path) {
    if (instance.subnet.empty()) return;
    const auto& subnets = context.configuration.inventory.subnets;
    const auto it = subnets.find(instance.subnet);
    if (it == subnets.end()) {
        context.error(path / "subnet", "a subnet of inventory.subnets" +
                                           context.guess_key(instance.subnet, subnets));
        return;
    }
    if (!instance.zone.empty() && instance.zone != it->second.zone) {
        context.error(path / "zone", "the zone of its subnet, " + in_quotes(it->second.zone.value));
    }
    if (!it->second.cidrs.empty() && !contains(it->second.cidrs, instance.address)) {
        context.error(path / "address", "an address of subnet " + in_quotes(instance.subnet));
    }
}

} // namespace

void check_targets(RuleContext& context) {
    TargetRules rules(context);
    const auto& groups = context.configuration.target_groups;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const Path path = RuleContext::group(i);
        rules.check(groups[i], path);
        if (groups[i].target_type != TargetType::Alb) continue;
        for (std::size_t j = 0; j < groups[i].targets.size(); ++j)
            rules.count_alb(groups[i].targets[j], path / "targets" / j, context.users(i));
    }
    rules.check_sharing();
}

void check_inventory(RuleContext& context) {
    const Inventory& inventory = context.configuration.inventory;
    const Path path = Path() / "inventory";
    if (inventory.subnets.size() > kMostSubnets) {
        context.error(path / "subnets",
                      "at most 200 subnets, this has " + std::to_string(inventory.subnets.size()));
    }
    for (const auto& [id, instance] : inventory.instances)
        check_instance_place(context, instance, path / "instances" / id);
    for (const auto& [name, subnet] : inventory.subnets) {
        if (!is_alphanumeric_or_hyphen(subnet.zone.value) || subnet.zone.value == "all") {
            context.error(path / "subnets" / name / "zone", "the name of a zone");
        }
        for (std::size_t i = 0; i < subnet.cidrs.size(); ++i) {
            const Cidr& part = subnet.cidrs[i];
            const auto& blocks = context.configuration.vpc.cidrs;
            const bool inside =
                std::any_of(blocks.begin(), blocks.end(),
                            [&part](const Cidr& block) { return block.contains(part); });
            if (inside) continue;
            context.error(path / "subnets" / name / "cidrs" / i, "a block inside vpc.cidrs",
                          {Path() / "vpc" / "cidrs"});
        }
    }
}

} // namespace nlb::model
