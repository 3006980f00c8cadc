// SPDX-License-Identifier: Apache-2.0
#include "kernel_flows.hpp"

#include "kernel/flow_scan.hpp"
#include "kernel/labels.hpp"
#include "kernel/programs.hpp"

#include "io/clock.hpp"

#include "l4/l4_age.h"

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

std::string state_of(const nlb_flow& flow, std::uint64_t now_ns) {
    const std::uint32_t fins = NLB_FLOW_CLIENT_FIN | NLB_FLOW_TARGET_FIN;
    if ((flow.state & (NLB_FLOW_CLIENT_RST | NLB_FLOW_TARGET_RST)) != 0) return "reset";
    if (nlb_is_closed(flow.state)) return "closed";
    if (nlb_is_over(&flow, now_ns) != 0) return "expired";
    if ((flow.state & fins) != 0) return "closing";
    return (flow.state & NLB_FLOW_ANSWERED) != 0 ? "established" : "opening";
}

Endpoint endpoint_of(const std::uint32_t (&address_be)[4], std::uint16_t port_be,
                     std::uint8_t family) {
    return {flow::address_of(address_be, family), nlb_ntoh16(port_be)};
}

FlowLine line_of(const kernel::FlowEntry& entry, const kernel::Labels& labels,
                 const io::FlowMaps& flows, std::uint64_t now_ns) {
    FlowLine line;
    const nlb_flow& flow = entry.flow;
    const std::uint8_t family = entry.key.family;
    line.protocol = entry.key.protocol == NLB_PROTOCOL_UDP ? "udp" : "tcp";
    line.state = state_of(flow, now_ns);
    line.client = endpoint_of(entry.key.source_be, entry.key.source_port_be, family);
    line.destination = endpoint_of(entry.key.destination_be, entry.key.destination_port_be, family);
    line.source = endpoint_of(entry.becomes.source_be, entry.becomes.source_port_be, family);
    line.target_at =
        endpoint_of(entry.becomes.destination_be, entry.becomes.destination_port_be, family);
    if (const auto* listener = labels.listener(flow.listener)) {
        line.listener = listener->id.value;
        line.zone = listener->zone;
        line.group = listener->group.value;
    }
    if (const auto* target = labels.target(flow.target)) line.target = target->id.value;
    line.client_packets = flow.packets;
    line.client_bytes = flow.bytes;
    if (const auto reply = flows.find(entry.other_key())) {
        line.target_packets = reply->flow.packets;
        line.target_bytes = reply->flow.bytes;
    }
    const std::uint64_t now_s = now_ns / 1'000'000'000;
    line.age_s = now_s > flow.opened_s ? now_s - flow.opened_s : 0;
    line.idle_ms = nlb_silence_ns(&flow, now_ns) / 1'000'000;
    return line;
}

Result<void> scan_flows(const io::FlowMaps& flows, const kernel::Labels& labels,
                        const std::function<Result<void>(const FlowLine&)>& take) {
    kernel::FlowScan scan(flows);
    const auto now_ns = static_cast<std::uint64_t>(io::now().ns);
    while (true) {
        const auto entries = scan.next();
        if (!entries) return {};
        for (const kernel::FlowEntry& entry : *entries) {
            if ((entry.flow.state & NLB_FLOW_REPLY) != 0) continue;
            if (auto done = take(line_of(entry, labels, flows, now_ns)); !done) return done;
        }
    }
}

} // namespace

Result<bool> for_each_kernel_flow(const std::string& node,
                                  const std::function<Result<void>(const FlowLine&)>& take) {
    const kernel::Pins pins(node);
    if (!pins.exists()) return false;
    const auto opened = kernel::pinned_maps(pins);
    if (!opened) return tl::unexpected<Error>(opened.error());
    const io::MapSet maps{[&](const std::string& name) { return opened->at(name).get(); }};
    const auto labels = kernel::Labels::open(maps);
    if (!labels) return tl::unexpected<Error>(labels.error());
    const auto flows = io::FlowMaps::open(maps);
    if (!flows) return tl::unexpected<Error>(flows.error());
    return scan_flows(*flows, *labels, take).map([] { return true; });
}
