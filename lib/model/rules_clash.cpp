// SPDX-License-Identifier: Apache-2.0
// Addresses that may not coincide: of targets and listeners, of targets, of subnets.
#include "base/text.hpp"
#include "model/rule_context.hpp"

#include <algorithm>

namespace nlb::model {

namespace {

/// Where the balancers of the file listen. Nodes and ports are kept apart: a balancer has as many
/// pairs of them as zones times listeners.
class Listening {
  public:
    explicit Listening(const std::vector<LoadBalancer>& balancers) : ports_(balancers.size()) {
        for (std::size_t i = 0; i < balancers.size(); ++i) {
            for (const Zone& zone : balancers[i].zones) {
                nodes_.emplace(zone.address, i);
                if (zone.ipv6_address) nodes_.emplace(*zone.ipv6_address, i);
            }
            for (std::size_t j = 0; j < balancers[i].listeners.size(); ++j)
                ports_[i].emplace(balancers[i].listeners[j].port, j);
        }
    }

    /// The listener that takes what is sent there.
    [[nodiscard]] std::optional<Path> at(const Endpoint& endpoint) const {
        const auto node = nodes_.find(endpoint.address);
        if (node == nodes_.end()) return std::nullopt;
        const auto& ports = ports_[node->second];
        const auto port = ports.find(endpoint.port);
        if (port == ports.end()) return std::nullopt;
        return RuleContext::balancer(node->second) / "listeners" / port->second;
    }

  private:
    std::map<IpAddress, std::size_t> nodes_;
    std::vector<std::map<std::uint16_t, std::size_t>> ports_;
};

void check_group_targets(RuleContext& context, const Listening& listening, std::size_t index) {
    const TargetGroup& group = context.configuration.target_groups[index];
    const Path path = RuleContext::group(index);
    std::map<Endpoint, std::size_t> seen;
    for (std::size_t i = 0; i < group.targets.size(); ++i) {
        const Target& target = group.targets[i];
        if (target.address.is_unspecified() || target.port == 0) continue; // said elsewhere
        const Path at = path / "targets" / i;
        const Endpoint endpoint{target.address, target.port};
        std::vector<Path> also{path / "target_type", path / "port", at / "port"};
        if (const auto listener = listening.at(endpoint)) { // Target.IpUnusable [p.54]
            context.error(at / "id",
                          "an address and port where no load balancer listens; " + endpoint.text() +
                              " is " + listener->text() + ", traffic would go in a circle",
                          also);
        }
        const auto [it, is_new] = seen.emplace(endpoint, i);
        // The same id twice is a finding of its own.
        if (is_new || group.targets[it->second].key() == target.key()) continue;
        const Path first = path / "targets" / it->second;
        also.push_back(first / "port");
        context.error(at / "id",
                      "each address and port once in a group; " + first.text() + " has " +
                          endpoint.text() + " already",
                      also);
    }
}

/// A block of a subnet lies in one zone only, or the zone of an address would depend on the order
/// of the subnets.
class SubnetRules {
  public:
    explicit SubnetRules(RuleContext& context) : context_(context) {}

    void check(const std::string& name, const InventorySubnet& subnet) {
        const Path path = Path() / "inventory" / "subnets" / name;
        for (std::size_t i = 0; i < subnet.cidrs.size(); ++i) {
            const Block block{&name, &subnet.zone, subnet.cidrs[i]};
            const auto other =
                std::find_if(before_.begin(), before_.end(),
                             [&block](const Block& known) { return clash(block, known); });
            if (other != before_.end()) say(path, i, *other);
            before_.push_back(block);
        }
    }

  private:
    struct Block {
        const std::string* subnet;
        const ZoneName* zone;
        Cidr addresses;
    };

    static bool clash(const Block& a, const Block& b) {
        return *a.zone != *b.zone &&
               (a.addresses.contains(b.addresses) || b.addresses.contains(a.addresses));
    }

    void say(const Path& path, std::size_t index, const Block& other) {
        context_.error(path / "cidrs" / index,
                       "a block apart from the subnets of other zones; " +
                           in_quotes(*other.subnet) + " has " + other.addresses.text() +
                           " in zone " + in_quotes(other.zone->value),
                       {path / "zone", Path() / "inventory" / "subnets" / *other.subnet / "zone"});
    }

    RuleContext& context_;
    std::vector<Block> before_;
};

} // namespace

void check_clashes(RuleContext& context) {
    const Configuration& c = context.configuration;
    const Listening listening(c.load_balancers);
    for (std::size_t i = 0; i < c.target_groups.size(); ++i)
        check_group_targets(context, listening, i);
    if (c.inventory.subnets.size() > kMostSubnets) return; // said by check_inventory
    SubnetRules subnets(context);
    for (const auto& [name, subnet] : c.inventory.subnets)
        subnets.check(name, subnet);
}

} // namespace nlb::model
