// SPDX-License-Identifier: Apache-2.0
#include "replay/summary.hpp"

#include "contract/json.hpp"

#include <string_view>

namespace nlb::replay {

namespace {

using contract::append_json_number;
using contract::append_json_string;

void begin(std::string_view kind, std::string& out) {
    out += "{\"summary\":\"";
    out += kind;
    out += '"';
}

void member(std::string_view name, std::string_view text, std::string& out) {
    out += ",\"";
    out += name;
    out += "\":";
    append_json_string(text, out);
}

void member(std::string_view name, std::uint64_t number, std::string& out) {
    out += ",\"";
    out += name;
    out += "\":";
    append_json_number(number, out);
}

void end(const Totals& totals, std::string& out) {
    member("packets", totals.packets, out);
    member("flows", totals.flows, out);
    member("client_bytes", totals.client_bytes, out);
    member("target_bytes", totals.target_bytes, out);
    out += "}\n";
}

std::vector<std::string> row(std::string kind, std::string name, const Totals& totals) {
    return {std::move(kind),
            std::move(name),
            std::to_string(totals.packets),
            std::to_string(totals.flows),
            std::to_string(totals.client_bytes),
            std::to_string(totals.target_bytes)};
}

/// Of what has no flows and no bytes of its own.
std::vector<std::string> row(std::string kind, std::string name, std::uint64_t packets) {
    return {std::move(kind), std::move(name), std::to_string(packets), "-", "-", "-"};
}

} // namespace

void Summary::decided(const flow::Decision& decision) {
    const nlb_l4_verdict& verdict = decision.verdict;
    ++packets_[verdict.action][verdict.reason];
    const auto add = [&](Totals& to) {
        ++to.packets;
        if (verdict.reason == NLB_REASON_NEW_FLOW) ++to.flows;
        if (verdict.action != NLB_FORWARD) return;
        (verdict.reason == NLB_REASON_REPLY ? to.target_bytes : to.client_bytes) +=
            decision.desc.length;
    };
    const std::size_t listener = names_.listener(decision);
    const std::size_t target = names_.target(decision);
    if (listener != kNobody) add(listeners_[listener]);
    if (target != kNobody) add(targets_[target]);
}

Totals Summary::capture() const {
    Totals all;
    for (const auto& reasons : packets_) {
        for (const std::uint64_t packets : reasons)
            all.packets += packets;
    }
    all.packets += skipped_ + filtered_;
    for (const Totals& totals : listeners_) {
        all.flows += totals.flows;
        all.client_bytes += totals.client_bytes;
        all.target_bytes += totals.target_bytes;
    }
    return all;
}

template <class Visit>
void Summary::each_reason(Visit&& visit) const {
    for (std::uint8_t action = 0; action < NLB_ACTION_COUNT; ++action) {
        for (std::uint8_t reason = 0; reason < NLB_REASON_COUNT; ++reason) {
            const std::uint64_t packets = packets_[action][reason];
            if (packets != 0) visit(flow::action_text(action), flow::reason_text(reason), packets);
        }
    }
}

std::string Summary::json() const {
    std::string out;
    begin("capture", out);
    member("filtered", filtered_, out);
    member("skipped", skipped_, out);
    end(capture(), out);
    each_reason([&](std::string_view action, std::string_view reason, std::uint64_t packets) {
        begin("reason", out);
        member("verdict", action, out);
        member("reason", reason, out);
        member("packets", packets, out);
        out += "}\n";
    });
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
        begin("listener", out);
        member("listener", names_.listeners()[i].id.value, out);
        end(listeners_[i], out);
    }
    for (std::size_t i = 0; i < targets_.size(); ++i) {
        begin("target", out);
        member("group", names_.targets()[i].group.value, out);
        member("target", names_.targets()[i].id.value, out);
        end(targets_[i], out);
    }
    return out;
}

std::vector<std::vector<std::string>> Summary::rows() const {
    std::vector<std::vector<std::string>> out;
    out.push_back(row("capture", "all", capture()));
    out.push_back(row("capture", "filtered", filtered_));
    out.push_back(row("capture", "skipped", skipped_));
    each_reason([&](std::string_view action, std::string_view reason, std::uint64_t packets) {
        out.push_back(row(std::string(action), std::string(reason), packets));
    });
    for (std::size_t i = 0; i < listeners_.size(); ++i)
        out.push_back(row("listener", names_.listeners()[i].id.value, listeners_[i]));
    for (std::size_t i = 0; i < targets_.size(); ++i) {
        const Names::Target& target = names_.targets()[i];
        out.push_back(row("target", target.group.value + " " + target.id.value, targets_[i]));
    }
    return out;
}

} // namespace nlb::replay
