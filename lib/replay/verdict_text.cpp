// SPDX-License-Identifier: Apache-2.0
#include "replay/verdict_text.hpp"

#include "contract/json.hpp"

namespace nlb::replay {

namespace {

using contract::append_json_number;
using contract::append_json_string;

void append_name(std::string_view name, const std::string& text, std::string& out) {
    out += ",\"";
    out += name;
    out += "\":";
    append_json_string(text, out);
}

void begin(const PacketPlace& place, std::string_view verdict, std::string_view reason,
           std::string& out) {
    out += "{\"packet\":";
    append_json_number(place.number, out);
    out += ",\"time_ns\":";
    append_json_number(static_cast<std::uint64_t>(place.time.ns), out);
    out += ",\"verdict\":\"";
    out += verdict;
    out += "\",\"reason\":\"";
    out += reason;
    out += '"';
}

using Ends = nlb_tuple;

bool is_known(const Ends& ends) {
    return ends.protocol != 0;
}

/// Ports are left out of packets that have none, or whose ports could not be read.
bool has_ports(const Ends& ends) {
    return ends.source_port_be != 0 || ends.destination_port_be != 0;
}

IpAddress source(const Ends& ends) {
    return flow::address_of(ends.source_be, ends.family);
}

IpAddress destination(const Ends& ends) {
    return flow::address_of(ends.destination_be, ends.family);
}

struct EndNames {
    std::string_view address;
    std::string_view port;
};

constexpr EndNames kSource{",\"source_address\":\"", "\",\"source_port\":"};
constexpr EndNames kDestination{",\"destination_address\":\"", "\",\"destination_port\":"};
constexpr EndNames kNewSource{",\"new_source_address\":\"", "\",\"new_source_port\":"};
constexpr EndNames kNewDestination{",\"new_destination_address\":\"",
                                   "\",\"new_destination_port\":"};

void append_end(const EndNames& names, const IpAddress& address, bool with_port,
                std::uint16_t port_be, std::string& out) {
    out += names.address;
    address.append_text(out);
    if (with_port) {
        out += names.port;
        append_json_number(nlb_ntoh16(port_be), out);
    } else {
        out += '"';
    }
}

void append_ends(const EndNames& from, const EndNames& to, const Ends& ends, std::string& out) {
    const bool ports = has_ports(ends);
    append_end(from, source(ends), ports, ends.source_port_be, out);
    append_end(to, destination(ends), ports, ends.destination_port_be, out);
}

void append_end(const IpAddress& address, bool with_port, std::uint16_t port_be, std::string& out) {
    out += with_port ? Endpoint{address, nlb_ntoh16(port_be)}.text() : address.text();
}

void append_questions(std::span<const flow::Asked> questions, std::string& out) {
    std::string_view before = ",\"questions\":[{\"question\":\"";
    for (const flow::Asked& asked : questions) {
        out += before;
        out += flow::question_text(asked.question);
        out += "\",\"answer\":";
        if (flow::is_yes_no(asked.question))
            out += asked.answer != 0 ? "true" : "false";
        else
            append_json_number(asked.answer, out);
        before = "},{\"question\":\"";
    }
    out += "}]";
}

} // namespace

/// The names that are new.
void VerdictText::render() {
    for (std::size_t i = listeners_.size(); i < names_.listeners().size(); ++i) {
        const Names::Listener& listener = names_.listeners()[i];
        std::string& text = listeners_.emplace_back();
        append_name("load_balancer", listener.load_balancer.value, text);
        append_name("listener", listener.id.value, text);
    }
    for (std::size_t i = targets_.size(); i < names_.targets().size(); ++i)
        append_name("target", names_.targets()[i].id.value, targets_.emplace_back());
}

void VerdictText::append_line(const PacketPlace& place, const flow::Decision& decision,
                              std::span<const flow::Asked> questions, std::string& out) const {
    const nlb_l4_verdict& verdict = decision.verdict;
    const Ends& ends = decision.desc.key;
    begin(place, flow::action_text(verdict.action), flow::reason_text(verdict.reason), out);
    if (is_known(ends)) {
        out += ",\"protocol\":";
        append_json_number(ends.protocol, out);
        append_ends(kSource, kDestination, ends, out);
    }
    const std::size_t listener = names_.listener(decision);
    const std::size_t target = names_.target(decision);
    if (listener != kNobody) out += listeners_[listener];
    if (target != kNobody) out += targets_[target];
    if (verdict.action == NLB_FORWARD)
        append_ends(kNewSource, kNewDestination, verdict.becomes, out);
    if (verdict.action == NLB_ICMP) {
        out += ",\"mtu\":";
        append_json_number(verdict.mtu, out);
    }
    if (!questions.empty()) append_questions(questions, out);
    out += "}\n";
}

void VerdictText::append_comment(const PacketPlace& place, const flow::Decision& decision,
                                 std::string& out) const {
    const nlb_l4_verdict& verdict = decision.verdict;
    const Ends& ends = decision.desc.key;
    out += "packet ";
    out += std::to_string(place.number);
    out += ": ";
    out += flow::action_text(verdict.action);
    out += " (";
    out += flow::reason_text(verdict.reason);
    out += ')';
    if (is_known(ends)) {
        const bool ports = has_ports(ends);
        out += ' ';
        append_end(source(ends), ports, ends.source_port_be, out);
        out += " > ";
        append_end(destination(ends), ports, ends.destination_port_be, out);
    }
    const std::size_t target = names_.target(decision);
    if (target == kNobody) return;
    out += ", target ";
    out += names_.targets()[target].id.value;
}

void VerdictText::append_skipped(const PacketPlace& place, std::string_view reason,
                                 std::string& out) {
    begin(place, "skip", reason, out);
    out += "}\n";
}

} // namespace nlb::replay
