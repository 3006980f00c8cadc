// SPDX-License-Identifier: Apache-2.0
#include "kernel_reports.hpp"

#include "io/clock.hpp"

#include "flow/user_engine.hpp"

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

template <class Values>
std::uint64_t grown(const Values& before, const std::string& name, std::uint64_t now) {
    const auto at = before.find(name);
    return at == before.end() ? now : now - at->second;
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
    if (const auto* target = labels.target(flow.target)) {
        line.group = target->group;
        line.target = target->id;
    }
    line.client_address = flow::address_of(key.source_be, key.family);
    line.client_port = nlb_ntoh16(key.source_port_be);
    const auto opened_ms = static_cast<std::int64_t>(flow.opened_s) * 1000;
    const std::int64_t ended_ms = ended.ended.ns / 1'000'000;
    line.start_ms = unix_ms_of(opened_ms);
    line.duration_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, ended_ms - opened_ms));
    line.client_bytes = flow.bytes;
    line.target_bytes = ended.target_bytes;
    line.end = kernel::to_text(ended.end);
    if (key.protocol == NLB_PROTOCOL_UDP) line.protocol = "udp";
    return line;
}

KernelCounters::KernelCounters(const kernel::Datapath& datapath)
    : datapath_(datapath), listeners_before_(by_listener()), process_before_(of_process()) {
}

std::map<std::uint32_t, KernelCounters::Values> KernelCounters::by_listener() const {
    std::map<std::uint32_t, Values> all;
    for (const auto& [index, label] : datapath_.labels().listeners()) {
        const auto totals = datapath_.tables().counters(index);
        if (!totals) continue;
        all[index] = {{"NewFlowCount", totals->new_flows},
                      {"ProcessedPackets", totals->packets},
                      {"ProcessedBytes", totals->bytes},
                      {"TCP_Client_Reset_Count", totals->client_resets},
                      {"TCP_Target_Reset_Count", totals->target_resets},
                      {"TCP_ELB_Reset_Count", totals->elb_resets},
                      {"PortAllocationErrorCount", totals->port_errors}};
    }
    return all;
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
        const auto active = datapath_.active().find(index);
        put("ActiveFlowCount", active == datapath_.active().end() ? 0 : active->second);
        for (const auto& [name, value] : values)
            put(name, of_before == listeners_before_.end() ? value
                                                           : grown(of_before->second, name, value));
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
