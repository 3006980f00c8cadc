// SPDX-License-Identifier: Apache-2.0
#include "replay/difference.hpp"

#include "contract/json.hpp"

namespace nlb::replay {

namespace {

using contract::append_json_number;
using contract::append_json_string;
using contract::VerdictLine;

enum Change : unsigned { Moved, Appears, Breaks };

constexpr std::string_view kChanges[] = {"moved", "appears", "breaks"};
constexpr std::string_view kNewFlow = "new-flow";
constexpr std::string_view kNewFlowMember = R"("reason":"new-flow")";

bool is_served(const VerdictLine& line) {
    return line.verdict == "forward";
}

/// Not of a target's side, whose packets follow what became of the client's.
bool is_of_client(const VerdictLine& line) {
    return line.reason != "reply" && line.reason != "icmp-error";
}

bool goes_elsewhere(const VerdictLine& before, const VerdictLine& after) {
    return before.target != after.target || before.new_destination != after.new_destination;
}

bool differ(const VerdictLine& before, const VerdictLine& after) {
    return before.verdict != after.verdict || before.reason != after.reason ||
           before.listener != after.listener || goes_elsewhere(before, after);
}

bool opens(const VerdictLine& line) {
    return line.reason == kNewFlow;
}

void member(std::string_view name, std::string_view text, std::string& out) {
    if (text.empty()) return;
    out += ",\"";
    out += name;
    out += "\":";
    append_json_string(text, out);
}

void member(std::string_view name, std::optional<std::uint64_t> number, std::string& out) {
    if (!number) return;
    out += ",\"";
    out += name;
    out += "\":";
    append_json_number(*number, out);
}

void append_ends(const VerdictLine::Ends& ends, std::string& out) {
    member("protocol", ends.protocol, out);
    member("source_address", ends.source.address, out);
    member("source_port", ends.source.port, out);
    member("destination_address", ends.destination.address, out);
    member("destination_port", ends.destination.port, out);
}

std::string key_of(const VerdictLine::Ends& ends) {
    std::string key;
    append_ends(ends, key);
    return key;
}

void append_change(Change change, const VerdictLine& before, const VerdictLine& after,
                   std::string& out) {
    out += "{\"change\":\"";
    out += kChanges[change];
    out += '"';
    member("packet", std::optional(after.packet), out);
    member("time_ns", std::optional(after.time_ns), out);
    append_ends(after.ends, out);
    member("listener", after.listener.empty() ? before.listener : after.listener, out);
    member("old_verdict", before.verdict, out);
    member("old_reason", before.reason, out);
    member("old_target", before.target, out);
    member("new_verdict", after.verdict, out);
    member("new_reason", after.reason, out);
    member("new_target", after.target, out);
    out += "}\n";
}

} // namespace

Result<void> Difference::take(std::string_view old_line, std::string_view new_line,
                              std::string& out) {
    ++packets_;
    const bool equal = old_line == new_line;
    if (equal && (told_.empty() || new_line.find(kNewFlowMember) == new_line.npos)) return {};
    const auto before = before_reader_.read(old_line);
    if (!before) return tl::unexpected(before.error());
    const auto after = after_reader_.read(new_line);
    if (!after) return tl::unexpected(after.error());
    if (before->packet != after->packet)
        return fail(Errc::Data, "packet " + std::to_string(before->packet) + " where packet " +
                                    std::to_string(after->packet) + " of the capture is expected");
    if (before->time_ns != after->time_ns || before->ends != after->ends)
        return fail(Errc::Data, "packet " + std::to_string(before->packet) +
                                    " is another one than in the capture");
    compare(*before, *after, out);
    return {};
}

void Difference::compare(const VerdictLine& before, const VerdictLine& after, std::string& out) {
    if (opens(before) || opens(after)) told_.erase(key_of(after.ends));
    if (!differ(before, after)) return;
    ++different_;
    if (is_of_client(before) && is_of_client(after)) note(before, after, out);
}

void Difference::note(const VerdictLine& before, const VerdictLine& after, std::string& out) {
    if (!is_served(before) && !is_served(after)) return;
    if (is_served(before) && is_served(after) && !goes_elsewhere(before, after)) return;
    const Change change = !is_served(before) ? Appears : !is_served(after) ? Breaks : Moved;
    unsigned& told = told_[key_of(after.ends)];
    if ((told & (1U << change)) != 0) return;
    told |= 1U << change;
    ++flows_[change];
    append_change(change, before, after, out);
}

void Difference::append_summary(std::string& out) const {
    out += R"({"change":"summary","packets":)";
    append_json_number(packets_, out);
    member("different", std::optional(different_), out);
    for (const Change change : {Moved, Appears, Breaks})
        member(kChanges[change], std::optional(flows_[change]), out);
    out += "}\n";
}

} // namespace nlb::replay
