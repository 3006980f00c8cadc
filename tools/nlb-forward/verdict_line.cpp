// SPDX-License-Identifier: Apache-2.0
#include "verdict_line.hpp"

#include "contract/json.hpp"

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

void member(std::string_view name, std::string_view text, std::string& out) {
    out += ",\"";
    out += name;
    out += "\":";
    contract::append_json_string(text, out);
}

void member(std::string_view name, std::uint64_t number, std::string& out) {
    out += ",\"";
    out += name;
    out += "\":";
    contract::append_json_number(number, out);
}

void begin(const PacketPlace& place, std::string_view verdict, std::string_view reason,
           std::string& out) {
    out += "{\"packet\":";
    contract::append_json_number(place.number, out);
    member("time_ns", static_cast<std::uint64_t>(place.time.ns), out);
    member("verdict", verdict, out);
    member("reason", reason, out);
}

void append_end(const std::string& name, const std::uint32_t (&address_be)[4], std::uint8_t family,
                std::uint16_t port_be, bool has_port, std::string& out) {
    member(name + "_address", flow::address_of(address_be, family).text(), out);
    if (has_port) member(name + "_port", nlb_ntoh16(port_be), out);
}

/// Ports are left out of packets that have none, or whose ports could not be read.
void append_tuple(const std::string& prefix, const nlb_tuple& key, std::string& out) {
    const bool has_ports = key.source_port_be != 0 || key.destination_port_be != 0;
    append_end(prefix + "source", key.source_be, key.family, key.source_port_be, has_ports, out);
    append_end(prefix + "destination", key.destination_be, key.family, key.destination_port_be,
               has_ports, out);
}

} // namespace

void append_verdict_line(const PacketPlace& place, const flow::Decision& decision,
                         const flow::Tables& tables, std::string& out) {
    const nlb_l4_verdict& verdict = decision.verdict;
    const nlb_tuple& key = decision.desc.key;
    begin(place, flow::action_text(verdict.action), flow::reason_text(verdict.reason), out);
    if (key.protocol != 0) {
        member("protocol", key.protocol, out);
        append_tuple("", key, out);
    }
    if (verdict.listener != NLB_NONE) {
        const flow::ListenerEntry& listener = tables.listeners()[verdict.listener];
        member("load_balancer", listener.load_balancer.value, out);
        member("listener", listener.id.value, out);
    }
    if (verdict.target != NLB_NONE)
        member("target", tables.targets()[verdict.target].id.value, out);
    if (verdict.action == NLB_FORWARD) append_tuple("new_", verdict.becomes, out);
    if (verdict.action == NLB_ICMP) member("mtu", verdict.mtu, out);
    out += "}\n";
}

void append_skipped_line(const PacketPlace& place, std::string_view reason, std::string& out) {
    begin(place, "skip", reason, out);
    out += "}\n";
}
