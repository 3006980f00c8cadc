// SPDX-License-Identifier: Apache-2.0
// Load balancers, their zones and node addresses.
#include "base/text.hpp"
#include "model/rule_context.hpp"

namespace nlb::model {

namespace {

void check_attributes(RuleContext& context, const LoadBalancer& lb, const Path& path) {
    const auto& a = lb.attributes;
    if (a.access_logs_s3_enabled && a.access_logs_s3_bucket.empty()) { // [p.83]
        context.error(path / "access_logs.s3.bucket",
                      "required while access_logs.s3.enabled is true: the name of a bucket");
    }
    if (a.access_logs_s3_prefix.find("AWSLogs") != std::string::npos) { // [p.83]
        context.error(path / "access_logs.s3.prefix", "must not contain AWSLogs");
    }
}

/// Zones of one balancer, and node addresses over all of them.
class ZoneRules {
  public:
    explicit ZoneRules(RuleContext& context) : context_(context) {}

    void check(const LoadBalancer& lb, const Path& path) {
        if (lb.zones.empty()) {
            context_.error(path / "zones", "required: at least one zone with a node address");
        }
        std::set<ZoneName> names;
        std::set<std::string> subnets;
        for (std::size_t i = 0; i < lb.zones.size(); ++i) {
            const Zone& zone = lb.zones[i];
            const Path at = path / "zones" / i;
            if (!names.insert(zone.name).second) { // [p.12]
                context_.error(at / "name", "each zone once: one subnet and one node per zone");
            }
            if (!is_alphanumeric_or_hyphen(zone.name.value) || zone.name.value == "all") {
                context_.error(at / "name", "letters, digits and hyphens, and not \"all\"");
            }
            if (!zone.subnet.empty() && !subnets.insert(zone.subnet).second) {
                context_.error(at / "subnet", "each subnet in one zone only");
            }
            check_addresses(lb, zone, at);
            check_subnet(lb, zone, at);
        }
    }

  private:
    void check_addresses(const LoadBalancer& lb, const Zone& zone, const Path& at) {
        claim(zone.address, at / "address");
        if (zone.private_address != zone.address) {
            claim(zone.private_address, at / "private_address");
        }
        for (const char* name : {"address", "private_address"}) {
            const bool client = std::string_view(name) == "address";
            if (!(client ? zone.address : zone.private_address).is_v4()) {
                context_.error(at / name, "must be an IPv4 address; IPv6 goes to ipv6_address",
                               {at / "address"});
                break;
            }
        }
        check_ipv6(lb, zone, at);
    }

    void check_ipv6(const LoadBalancer& lb, const Zone& zone, const Path& at) {
        const bool dualstack = lb.ip_address_type == LoadBalancerIpType::Dualstack;
        const Path path = at / "ipv6_address";
        if (!zone.ipv6_address) {
            if (dualstack) context_.error(path, "required: a dualstack node has an IPv6 address");
            return;
        }
        claim(*zone.ipv6_address, path);
        if (zone.ipv6_address->is_v4()) context_.error(path, "must be an IPv6 address");
        if (!dualstack) {
            context_.error(path, "only with ip_address_type \"dualstack\"");
        }
    }

    /// One address, one node [p.10, p.92].
    void claim(const IpAddress& address, const Path& path) {
        if (address.is_unspecified()) return; // missing or wrong: said by the reader
        const unsigned first = address.bytes()[0];
        if (address.is_v4() ? first >= 224 : first == 0xFF) {
            context_.error(path, "must be the address of one host");
        }
        const auto [it, is_new] = nodes_.emplace(address, path);
        if (!is_new) {
            context_.error(path, "an address no other node has; " + it->second.text() +
                                     " has it already");
        }
    }

    void check_subnet(const LoadBalancer& lb, const Zone& zone, const Path& at) {
        if (zone.subnet.empty()) return;
        const auto& subnets = context_.configuration.inventory.subnets;
        const auto it = subnets.find(zone.subnet);
        if (it == subnets.end()) {
            context_.error(at / "subnet", "a subnet of inventory.subnets" +
                                              context_.guess_key(zone.subnet, subnets));
            return;
        }
        const InventorySubnet& subnet = it->second;
        if (subnet.zone != zone.name) {
            context_.error(at / "subnet", "a subnet of this zone; this one lies in " +
                                              in_quotes(subnet.zone.value));
        }
        if (subnet.cidrs.empty()) return;
        // An internet-facing node may show an Elastic IP; its private side is in the subnet.
        if (lb.scheme == Scheme::Internal && !contains(subnet.cidrs, zone.address)) { // [p.17]
            context_.error(at / "address", "an address of subnet " + in_quotes(zone.subnet));
        }
        if (zone.private_address != zone.address && !contains(subnet.cidrs, zone.private_address)) {
            context_.error(at / "private_address",
                           "an address of subnet " + in_quotes(zone.subnet));
        }
        if (zone.ipv6_address && !contains(subnet.cidrs, *zone.ipv6_address)) {
            context_.error(at / "ipv6_address", "an address of subnet " + in_quotes(zone.subnet));
        }
    }

    RuleContext& context_;
    std::map<IpAddress, Path> nodes_;
};

} // namespace

void check_balancers(RuleContext& context) {
    const auto& balancers = context.configuration.load_balancers;
    if (balancers.empty()) {
        context.error(Path() / "load_balancers", "required: at least one [[load_balancers]]");
    }
    std::set<LoadBalancerName> names;
    for (std::size_t i = 0; i < balancers.size(); ++i) {
        const LoadBalancer& lb = balancers[i];
        const Path path = RuleContext::balancer(i);
        check_name(context, path / "name", lb.name.value);
        if (lb.name.value.starts_with("internal-")) { // [p.15]
            context.error(path / "name", "must not start with internal-");
        }
        if (!names.insert(lb.name).second) context.error(path / "name", "each name once");
        check_attributes(context, lb, path / "attributes");
        check_tags(context, path / "tags", lb.tags);
    }
}

void check_zones(RuleContext& context) {
    ZoneRules rules(context);
    const auto& balancers = context.configuration.load_balancers;
    for (std::size_t i = 0; i < balancers.size(); ++i)
        rules.check(balancers[i], RuleContext::balancer(i));
}

} // namespace nlb::model
