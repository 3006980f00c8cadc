// SPDX-License-Identifier: Apache-2.0
#include "flow_lines.hpp"

#include "kernel/flow_scan.hpp"
#include "kernel/labels.hpp"
#include "kernel/programs.hpp"

#include "app/table.hpp"
#include "app/tool.hpp"
#include "io/clock.hpp"

#include "base/text.hpp"
#include "contract/json.hpp"

#include "l4/l4_age.h"

#include <algorithm>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

constexpr std::string_view kStates[] = {"opening", "established", "closing",
                                        "closed",  "reset",       "expired"};

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
    if (const auto* listener = labels.listener(flow.listener)) line.listener = listener->id.value;
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

void append_json(const FlowLine& line, std::string& out) {
    const auto text = [&](std::string_view name, std::string_view value) {
        out += out.ends_with("\n") || out.empty() ? "{\"" : ",\"";
        out += name;
        out += "\":";
        contract::append_json_string(value, out);
    };
    const auto number = [&](std::string_view name, std::uint64_t value) {
        out += ",\"";
        out += name;
        out += "\":";
        contract::append_json_number(value, out);
    };
    const auto endpoint = [&](const std::string& name, const Endpoint& value) {
        text(name + "_address", value.address.text());
        number(name + "_port", value.port);
    };
    text("protocol", line.protocol);
    text("state", line.state);
    endpoint("client", line.client);
    endpoint("destination", line.destination);
    endpoint("source", line.source);
    endpoint("target", line.target_at);
    text("listener", line.listener);
    text("target", line.target);
    number("client_packets", line.client_packets);
    number("client_bytes", line.client_bytes);
    number("target_packets", line.target_packets);
    number("target_bytes", line.target_bytes);
    number("age_s", line.age_s);
    number("idle_ms", line.idle_ms);
    out += "}\n";
}

std::vector<std::string> cells_of(const FlowLine& line) {
    return {line.protocol,
            line.state,
            line.client.text(),
            line.destination.text(),
            line.source.text(),
            line.target_at.text(),
            std::to_string(line.client_bytes),
            std::to_string(line.target_bytes),
            std::to_string(line.age_s),
            std::to_string(line.idle_ms / 1000)};
}

template <class Take>
Result<void> scan_flows(const io::FlowMaps& flows, const kernel::Labels& labels, Take& take) {
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

template <class Take>
Result<void> for_each_flow(const std::string& node, Take take) {
    const kernel::Pins pins(node);
    if (!pins.exists())
        return fail(Errc::Usage, "--node " + in_quotes(node) + " has no kernel datapath");
    const auto opened = kernel::pinned_maps(pins);
    if (!opened) return tl::unexpected<Error>(opened.error());
    const io::MapSet maps{[&](const std::string& name) { return opened->at(name).get(); }};
    const auto labels = kernel::Labels::open(maps);
    if (!labels) return tl::unexpected<Error>(labels.error());
    const auto flows = io::FlowMaps::open(maps);
    if (!flows) return tl::unexpected<Error>(flows.error());
    return scan_flows(*flows, *labels, take);
}

} // namespace

Result<FlowFilter::Where> FlowFilter::parse_where(const std::string& text) {
    const bool in_brackets = text.starts_with('[') && text.ends_with(']');
    const auto alone = IpAddress::parse(in_brackets ? text.substr(1, text.size() - 2) : text);
    if (alone) return Where{*alone, std::nullopt};
    const auto endpoint = Endpoint::parse(text);
    if (!endpoint)
        return fail(Errc::Usage, "filter: " + in_quotes(text) +
                                     " must be an address, or ADDRESS:PORT with an IPv6 address in "
                                     "brackets");
    return Where{endpoint->address, endpoint->port};
}

Result<void> FlowFilter::take(const std::string& word, const std::string& value) {
    if (word == "state") {
        if (std::find(std::begin(kStates), std::end(kStates), value) == std::end(kStates))
            return fail(Errc::Usage, "filter: " + in_quotes(value) +
                                         " is none of opening, established, closing, closed, "
                                         "reset, expired");
        state_ = value;
    } else if (word == "target") {
        target_ = value;
    } else if (word == "listener") {
        listener_ = value;
    } else if (word == "src" || word == "dst") {
        auto where = parse_where(value);
        if (!where) return tl::unexpected<Error>(where.error());
        (word == "src" ? from_ : to_) = *where;
    } else {
        return fail(Errc::Usage,
                    "filter: " + in_quotes(word) + " is none of state, src, dst, target, listener");
    }
    return {};
}

Result<FlowFilter> FlowFilter::parse(const std::vector<std::string>& words) {
    FlowFilter filter;
    for (std::size_t i = 0; i < words.size(); i += 2) {
        if (i + 1 == words.size())
            return fail(Errc::Usage, "filter: nothing follows " + in_quotes(words[i]));
        if (auto taken = filter.take(words[i], words[i + 1]); !taken)
            return tl::unexpected<Error>(taken.error());
    }
    return filter;
}

bool FlowFilter::fits(const std::optional<Where>& where, const Endpoint& endpoint) {
    return !where ||
           (where->address == endpoint.address && (!where->port || *where->port == endpoint.port));
}

bool FlowFilter::fits(const FlowLine& line) const {
    return (!state_ || *state_ == line.state) && (!target_ || *target_ == line.target) &&
           (!listener_ || *listener_ == line.listener) && fits(from_, line.client) &&
           fits(to_, line.destination);
}

Result<void> print_flows(const std::string& node, const FlowFilter& filter, bool json) {
    app::Table table({"PROTOCOL", "STATE", "CLIENT", "DESTINATION", "SOURCE", "TARGET",
                      "CLIENT-BYTES", "TARGET-BYTES", "AGE", "IDLE"});
    auto done = for_each_flow(node, [&](const FlowLine& line) -> Result<void> {
        if (!filter.fits(line)) return {};
        if (!json) {
            table.add(cells_of(line));
            return {};
        }
        std::string out;
        append_json(line, out);
        return app::print(out);
    });
    if (!done || json) return done;
    return app::print(table.text(app::stdout_is_terminal()));
}
