// SPDX-License-Identifier: Apache-2.0
#include "kernel_reports.hpp"

#include "io/clock.hpp"

#include "flow/user_engine.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

/// The kernel's times are of the monotonic clock.
std::uint64_t unix_ms_of(std::int64_t monotonic_ms) {
    return static_cast<std::uint64_t>(io::unix_ms() - io::now().ns / 1'000'000 + monotonic_ms);
}

contract::Counter counter_of(std::string name, std::uint64_t value) {
    contract::Counter counter;
    counter.name = std::move(name);
    counter.value = value;
    return counter;
}

bool is_by_protocol(std::string_view name) {
    return name == "ActiveFlowCount" || name == "NewFlowCount" || name == "ProcessedBytes" ||
           name == "RejectedFlowCount";
}

struct NamedProtocol {
    std::uint8_t number;
    const char* suffix; ///< of names of counters
};

/// What a listener takes.
std::vector<NamedProtocol> protocols_of(model::Protocol protocol) {
    std::vector<NamedProtocol> all;
    if (protocol != model::Protocol::Udp) all.push_back({NLB_PROTOCOL_TCP, "_TCP"});
    if (protocol == model::Protocol::Udp || protocol == model::Protocol::TcpUdp)
        all.push_back({NLB_PROTOCOL_UDP, "_UDP"});
    return all;
}

template <class Values>
std::uint64_t grown(const Values& before, const std::string& name, std::uint64_t now) {
    const auto at = before.find(name);
    return at == before.end() ? now : now - at->second;
}

/// `becomes`: the same packet on its way to the target.
void put_ends(const nlb_tuple& key, const nlb_tuple& becomes, contract::Flow& line) {
    line.client_address = flow::address_of(key.source_be, key.family);
    line.client_port = nlb_ntoh16(key.source_port_be);
    line.destination_address = flow::address_of(key.destination_be, key.family);
    line.destination_port = nlb_ntoh16(key.destination_port_be);
    line.source_address = flow::address_of(becomes.source_be, becomes.family);
    line.source_port = nlb_ntoh16(becomes.source_port_be);
    line.target_address = flow::address_of(becomes.destination_be, becomes.family);
    line.target_port = nlb_ntoh16(becomes.destination_port_be);
}

} // namespace

std::optional<contract::Flow> flow_line(const kernel::EndedFlow& ended,
                                        const kernel::Labels& labels) {
    const nlb_flow& flow = ended.client.flow;
    const kernel::ListenerLabel* listener = labels.listener(flow.listener);
    if (listener == nullptr) return std::nullopt;
    const nlb_tuple& key = ended.client.key;
    contract::Flow line;
    line.listener = listener->id;
    line.zone = listener->zone;
    line.group = listener->group;
    line.load_balancer = listener->load_balancer;
    if (const auto* target = labels.target(flow.target)) {
        line.group = target->group;
        line.target = target->id;
    }
    const auto opened_ms = static_cast<std::int64_t>(flow.opened_s) * 1000;
    const std::int64_t ended_ms = ended.ended.ns / 1'000'000;
    line.start_ms = unix_ms_of(opened_ms);
    line.duration_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, ended_ms - opened_ms));
    line.client_bytes = flow.bytes;
    line.target_bytes = ended.target_bytes;
    line.client_packets = flow.packets;
    line.target_packets = ended.target_packets;
    line.end = kernel::to_text(ended.end);
    if (key.protocol == NLB_PROTOCOL_UDP) line.protocol = "udp";
    line.accepted =
        ended.end != kernel::FlowEnd::TargetRefused && ended.end != kernel::FlowEnd::TargetTimeout;
    line.datapath = "kernel";
    put_ends(key, ended.client.becomes, line);
    return line;
}

KernelCounters::KernelCounters(const kernel::Datapath& datapath)
    : datapath_(datapath), listeners_before_(by_listener()), process_before_(of_process()) {
}

std::map<std::uint32_t, KernelCounters::Values> KernelCounters::by_listener() const {
    std::map<std::uint32_t, Values> all;
    for (const auto& [index, label] : datapath_.labels().listeners()) {
        Values& values = all[index];
        for (const NamedProtocol& protocol : protocols_of(label.protocol))
            add(values, index, protocol.number, protocol.suffix);
    }
    return all;
}

void KernelCounters::add(Values& values, std::uint32_t index, std::uint8_t protocol,
                         const std::string& suffix) const {
    const auto totals =
        datapath_.tables().counters(index, protocol).value_or(nlb_listener_counters{});
    const Values own{{"NewFlowCount", totals.new_flows},
                     {"ProcessedPackets", totals.packets},
                     {"ProcessedBytes", totals.bytes},
                     {"RejectedFlowCount", totals.rejected},
                     {"TCP_Client_Reset_Count", totals.client_resets},
                     {"TCP_Target_Reset_Count", totals.target_resets},
                     {"TCP_ELB_Reset_Count", totals.elb_resets},
                     {"PortAllocationErrorCount", totals.port_errors}};
    for (const auto& [name, value] : own) {
        values[name] += value;
        if (is_by_protocol(name)) values[name + suffix] = value;
    }
}

/// Those of now, which no earlier process told of.
KernelCounters::Values KernelCounters::active(std::uint32_t index, model::Protocol of) const {
    Values values;
    for (const NamedProtocol& protocol : protocols_of(of)) {
        const auto at = datapath_.active().find(nlb_counters_place(index, protocol.number));
        const std::uint64_t count = at == datapath_.active().end() ? 0 : at->second;
        values["ActiveFlowCount"] += count;
        values[std::string("ActiveFlowCount") + protocol.suffix] = count;
    }
    return values;
}

std::uint64_t KernelCounters::unhealthy_flows(std::uint32_t index, const Values& values) const {
    const auto known = unhealthy_.find(index);
    if (known == unhealthy_.end()) return 0;
    const Unhealthy& flows = known->second;
    return flows.before + (flows.since ? values.at("NewFlowCount") - *flows.since : 0);
}

void KernelCounters::note_failing_over(
    const std::set<std::pair<std::string, std::string>>& groups) {
    for (const auto& [index, values] : by_listener()) {
        const kernel::ListenerLabel& label = *datapath_.labels().listener(index);
        const bool fails = label.is_in_use && groups.contains({label.group.value, label.zone});
        Unhealthy& flows = unhealthy_[index];
        const std::uint64_t now = values.at("NewFlowCount");
        if (fails == flows.since.has_value()) continue;
        flows.before = unhealthy_flows(index, values);
        flows.since = fails ? std::optional(now) : std::nullopt;
    }
}

KernelCounters::Values KernelCounters::of_process() const {
    Values values;
    if (const auto reasons = datapath_.tables().counters()) {
        for (std::uint8_t reason = 0; reason < NLB_REASON_COUNT; ++reason)
            values["Packet." + std::string(flow::reason_text(reason))] = (*reasons)[reason];
    }
    if (const auto lost = datapath_.lost_events()) values["EventLostCount"] = *lost;
    return values;
}

std::vector<contract::Counter> KernelCounters::lines() const {
    std::vector<contract::Counter> lines;
    for (const auto& [index, values] : by_listener()) {
        const kernel::ListenerLabel& label = *datapath_.labels().listener(index);
        const auto of_before = listeners_before_.find(index);
        const auto put = [&](const std::string& name, std::uint64_t value) {
            lines.push_back(counter_of(name, value));
            lines.back().listener = label.id;
            lines.back().zone = label.zone;
            lines.back().group = label.group;
        };
        for (const auto& [name, value] : active(index, label.protocol))
            put(name, value);
        for (const auto& [name, value] : values)
            put(name, of_before == listeners_before_.end() ? value
                                                           : grown(of_before->second, name, value));
        put("UnhealthyRoutingFlowCount", unhealthy_flows(index, values));
    }
    for (const auto& [name, value] : of_process()) {
        const std::uint64_t since = grown(process_before_, name, value);
        if (since != 0) lines.push_back(counter_of(name, since));
    }
    return lines;
}

void count(const nlb_flow& flow, contract::Sign sign, const kernel::Labels& labels,
           contract::Evidence& evidence) {
    const kernel::ListenerLabel* listener = labels.listener(flow.listener);
    const kernel::TargetLabel* target = labels.target(flow.target);
    if (listener == nullptr || target == nullptr) return;
    evidence.count(target->group, target->id, listener->zone, sign);
}
