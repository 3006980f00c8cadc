// SPDX-License-Identifier: Apache-2.0
#include "route/doctor.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

namespace nlb::route {

using model::HealthState;
using model::RouteReason;

namespace {

class Doctor {
  public:
    explicit Doctor(const Status& status) : status_(status) {}

    std::vector<Finding> examine() {
        targets_out_of_service();
        nodes_that_do_not_forward();
        zones_without_traffic();
        numbers_of_checks();
        unhealthy_targets_in_use();
        host_headers();
        resets();
        preserved_addresses();
        what_nodes_lack();
        counted();
        listeners_not_bound(true, "failed-provisioning");
        for (const contract::Advice& advice : status_.advice)
            find("advice", advice.path, advice.text);
        return std::move(findings_);
    }

  private:
    using Place = std::pair<model::TargetGroupId, std::string>; // group, zone

    void find(std::string entry, std::string about, std::string evidence) {
        findings_.push_back({std::move(entry), std::move(about), std::move(evidence)});
    }

    static std::string name(const model::TargetGroupId& group, const model::TargetId& target) {
        return group.value + " " + target.value;
    }

    static std::string counted_words(std::size_t count, const std::string& what) {
        return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
    }

    void targets_out_of_service() {
        for (const contract::TargetHealth& health : status_.health) {
            if (health.state == HealthState::Healthy) continue;
            std::string text(to_text(health.state));
            if (health.reason) text += " (" + std::string(to_text(*health.reason)) + ")";
            if (health.description) text += ": " + *health.description;
            const bool silent = is_silent(health.description.value_or(""));
            find("target-not-in-service", name(health.group, health.target), std::move(text));
            if (silent)
                find("security-group", name(health.group, health.target),
                     "nothing comes back, not even a refusal: a security group, network ACL or "
                     "firewall may drop the checks");
        }
    }

    /// What a check says when its connect stays without any answer, or a router refuses it.
    static bool is_silent(std::string_view description) {
        return description.find("no answer to connect") != description.npos ||
               description.find("No route to host") != description.npos;
    }

    void nodes_that_do_not_forward() {
        std::size_t forwarders = 0;
        for (const contract::Peer& peer : status_.peers) {
            if (peer.role != "forward") continue;
            ++forwarders;
            const std::string who = peer.tool + " of node " + peer.node.value_or("-");
            if (!peer.reads)
                find("requests-not-routed", who, "it does not read what it is sent");
            else if (peer.applied.value_or(0) < peer.generation)
                find("requests-not-routed", who,
                     "generation " + std::to_string(peer.generation) + " was sent, " +
                         std::to_string(peer.applied.value_or(0)) + " is in force");
        }
        if (forwarders == 0) find("requests-not-routed", "nlb-forward", "none is connected");
        listeners_not_bound(false, "requests-not-routed");
    }

    /// `taken`: those whose address belongs to somebody else, or to nobody.
    void listeners_not_bound(bool taken, const std::string& entry) {
        for (const contract::ListenerState& state : status_.bindings) {
            if (state.bound) continue;
            const auto number = state.error_number.value_or(0);
            if ((number == EADDRINUSE || number == EADDRNOTAVAIL) != taken) continue;
            find(entry, state.listener.value + " in zone " + state.zone,
                 "not bound: " + state.error.value_or("no reason was told"));
        }
    }

    void zones_without_traffic() {
        std::map<Place, std::size_t> takers;
        for (const contract::Routing& routing : status_.routings)
            takers[{routing.group, routing.zone}];
        std::set<std::string> told;
        for (const contract::Route& route : status_.routes) {
            if (route.eligible) ++takers[{route.group, route.zone}];
            if (route.reason == RouteReason::ZoneNotEnabled &&
                told.insert(name(route.group, route.target)).second)
                find("requests-not-routed", name(route.group, route.target),
                     std::string(sentence(route.reason)));
        }
        for (const auto& [place, count] : takers) {
            if (count == 0)
                find("requests-not-routed", place.first.value + " in zone " + place.second,
                     "no target takes flows of this node");
        }
        for (const contract::ZonalShift& shift : status_.shifts)
            find("requests-not-routed", shift.load_balancer.value + " in zone " + shift.zone,
                 "traffic is shifted away: " + in_quotes(shift.comment));
        for (const contract::DnsZone& zone : status_.dns) {
            if (!zone.answered)
                find("requests-not-routed", zone.load_balancer.value + " in zone " + zone.zone,
                     zone.address.text() + " is not answered in DNS");
        }
    }

    void numbers_of_checks() {
        std::map<model::TargetGroupId, std::set<std::string>> voters;
        std::set<std::string> silent;
        for (const contract::Vote& vote : status_.votes) {
            if (vote.silent)
                silent.insert(vote.voter);
            else
                voters[vote.group].insert(vote.voter);
        }
        for (const auto& [group, names] : voters) {
            if (names.size() > 1)
                find("more-checks-than-expected", group.value,
                     "each target is checked by " + counted_words(names.size(), "node") +
                         " in every interval");
        }
        for (const std::string& voter : silent)
            find("fewer-checks-than-expected", voter, "its nlb-health is silent");
        if (status_.recycles_time_wait)
            find("fewer-checks-than-expected", "this host", "net.ipv4.tcp_tw_recycle is on");
    }

    void unhealthy_targets_in_use() {
        for (const contract::Routing& routing : status_.routings) {
            if (routing.mode != RouteReason::FailOpen &&
                routing.mode != RouteReason::UnhealthyStateRouting)
                continue;
            find("unhealthy-targets-receive-requests",
                 routing.group.value + " in zone " + routing.zone,
                 std::string(to_text(routing.mode)) + ": " + std::string(sentence(routing.mode)));
        }
    }

    /// The target answers, and not as the matcher wants it.
    void host_headers() {
        for (const contract::TargetGroup& group : status_.checks) {
            if (group.check_protocol == model::HealthCheckProtocol::Tcp) continue;
            for (const contract::TargetHealth& health : status_.health) {
                if (health.group != group.group || health.state != HealthState::Unhealthy ||
                    health.description.value_or("").find("answered ") == std::string::npos)
                    continue;
                find("host-header-mismatch", name(health.group, health.target),
                     "checks have the header Host: " + group.check_host.value_or("-") +
                         "; the answer: " + *health.description);
            }
        }
    }

    void resets() {
        std::map<std::string, bool> kept; // eligible somewhere
        for (const contract::Route& route : status_.routes) {
            const bool fails = route.state == HealthState::Unhealthy && !route.kept.value_or(false);
            if (!fails && !route.terminated.value_or(false)) continue;
            kept[name(route.group, route.target)] |= route.eligible;
        }
        for (const auto& [target, is_kept] : kept) {
            if (!is_kept)
                find("elb-resets", target, "its connections are reset: it is out of service");
        }
    }

    void preserved_addresses() {
        std::map<model::TargetGroupId, std::map<model::TargetId, std::size_t>> zones;
        for (const contract::Route& route : status_.routes) {
            if (route.eligible) ++zones[route.group][route.target];
        }
        std::set<model::TargetGroupId> seen;
        for (const contract::Routing& routing : status_.routings) {
            if (!routing.preserve_client_ip || !seen.insert(routing.group).second) continue;
            find("hairpin", routing.group.value,
                 "preserve_client_ip.enabled is true: a target that is its own client gets no "
                 "answer");
            const auto& targets = zones[routing.group];
            const auto shared = std::count_if(targets.begin(), targets.end(),
                                              [](const auto& one) { return one.second > 1; });
            if (shared == 0) continue;
            const std::string evidence =
                counted_words(static_cast<std::size_t>(shared), "target") +
                " can be reached through several nodes with the client's address";
            find("socket-reuse", routing.group.value, evidence);
            find("connection-delays", routing.group.value, evidence);
        }
    }

    void what_nodes_lack() {
        for (const contract::ListenerState& state : status_.bindings) {
            if (state.lacks)
                find("lacks", state.listener.value + " in zone " + state.zone, *state.lacks);
        }
    }

    void counted() {
        // Running totals: of one listener, zone and group the last line counts.
        std::map<std::string, std::map<std::string, std::uint64_t>> last;
        for (const contract::Counter& counter : status_.counters) {
            if (counter.target || !counter.listener) continue;
            const std::string whose = counter.listener->value + " " + counter.zone.value_or("") +
                                      " " + (counter.group ? counter.group->value : "");
            last[counter.name][whose] = counter.value;
        }
        std::map<std::string, std::uint64_t> totals = of_packets();
        for (const auto& [counter, values] : last) {
            for (const auto& [whose, value] : values)
                totals[counter] += value;
        }
        const auto tell = [&](const std::string& counter, const std::string& entry,
                              const std::string& words) {
            if (totals[counter] != 0)
                find(entry, counter, std::to_string(totals[counter]) + " " + words);
        };
        tell("TCP_ELB_Reset_Count", "elb-resets", "resets were sent by the balancer");
        tell("Packet.flow-expired", "elb-resets", "packets came on flows that had expired");
        tell("Packet.target-unhealthy", "elb-resets", "packets came for targets turned unhealthy");
        tell("Packet.hairpin", "hairpin",
             "packets of targets to themselves were answered with a reset");
        for (const char* entry : {"socket-reuse", "connection-delays"})
            tell("Packet.flow-collision", entry,
                 "packets of one client socket met another flow of it at the target: turn off "
                 "preserve_client_ip.enabled or cross-zone load balancing");
        if (totals["Packet.new-flow"] >= kEnoughFlows && totals["Packet.reply"] == 0)
            find("asymmetric-path", "Packet.reply",
                 std::to_string(totals["Packet.new-flow"]) +
                     " flows were opened and nothing of a target came back through the node: with "
                     "preserve_client_ip.enabled its replies must be routed there");
        tell("PortAllocationErrorCount", "port-allocation-errors",
             "connections found no port: add targets");
        tell("NewFlowCount", "no-multiplexing",
             "connections of clients were as many connections to targets");
    }

    /// Counted by a node as a whole: of each sender's lines the last one.
    [[nodiscard]] std::map<std::string, std::uint64_t> of_packets() const {
        std::map<std::string, std::uint64_t> last;
        for (const contract::Counter& counter : status_.counters) {
            if (!counter.listener && !counter.target && counter.name.starts_with("Packet."))
                last[counter.name] = counter.value;
        }
        return last;
    }

    static constexpr std::uint64_t kEnoughFlows = 10; // one or two may have had no answer yet

    const Status& status_;
    std::vector<Finding> findings_;
};

} // namespace

std::vector<Finding> examine(const Status& status) {
    return Doctor(status).examine();
}

} // namespace nlb::route
