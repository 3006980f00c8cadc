// SPDX-License-Identifier: Apache-2.0
#include "status_lines.hpp"

#include <algorithm>
#include <optional>
#include <set>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

const contract::ListenerState* find(const std::vector<contract::ListenerState>& states,
                                    const contract::Listener& line) {
    const auto it = std::find_if(states.begin(), states.end(), [&](const auto& state) {
        return state.listener == line.listener && state.zone == line.zone;
    });
    return it == states.end() ? nullptr : &*it;
}

std::optional<std::uint64_t> value_of(const std::vector<contract::Counter>& counters,
                                      std::string_view name, const contract::Listener& line) {
    for (const contract::Counter& counter : counters) {
        if (counter.name == name && counter.listener == line.listener &&
            counter.zone == line.zone && counter.group == line.group)
            return counter.value;
    }
    return std::nullopt;
}

contract::ListenerStatus status_of(const contract::Listener& line,
                                   const StatusLines::Known& known) {
    const contract::ListenerState* packets = find(known.packets, line);
    const contract::ListenerState* state = packets != nullptr ? packets : find(known.sockets, line);
    contract::ListenerStatus status;
    status.listener = line.listener;
    status.zone = line.zone;
    status.protocol = line.protocol;
    status.address = line.address;
    status.port = line.port;
    status.group = line.group;
    status.datapath = packets != nullptr ? "kernel" : "sockets";
    if (state == nullptr) return status;
    status.bound = state->bound;
    status.error_number = state->error_number;
    status.error = state->error;
    status.lacks = state->lacks;
    return status;
}

void count(contract::ListenerStatus& status, const contract::Listener& line,
           const std::vector<contract::Counter>& counters) {
    status.active_flows = value_of(counters, "ActiveFlowCount", line);
    status.new_flows = value_of(counters, "NewFlowCount", line);
    status.processed_bytes = value_of(counters, "ProcessedBytes", line);
}

} // namespace

void StatusLines::take(std::span<const contract::Set> sets, bool is_everything) {
    if (is_everything) book_.clear();
    for (const contract::Set& set : sets)
        book_[set.scope] = set.lines;
}

void StatusLines::put(const Known& known, contract::StreamWriter& out) const {
    put_listeners(known, out);
    put_targets(known, out);
}

void StatusLines::put_listeners(const Known& known, contract::StreamWriter& out) const {
    std::set<std::pair<std::string, std::string>>
        counted; // both addresses of a zone are counted as one
    for (const auto& [scope, lines] : book_) {
        for (const contract::Message& message : lines) {
            const auto* line = std::get_if<contract::Listener>(&message);
            if (line == nullptr || !is_served(line->zone)) continue;
            contract::ListenerStatus status = status_of(*line, known);
            if (counted.emplace(line->listener.value, line->zone).second)
                count(status, *line, known.counters);
            out.put(status);
        }
    }
}

void StatusLines::put_targets(const Known& known, contract::StreamWriter& out) const {
    for (const auto& [scope, lines] : book_) {
        for (const contract::Message& message : lines) {
            const auto* line = std::get_if<contract::Route>(&message);
            if (line == nullptr || !is_served(line->zone)) continue;
            const auto flows =
                known.flows.find({line->group.value, line->zone, line->target.value});
            out.put(contract::TargetStatus{line->group, line->zone, line->target, line->address,
                                           line->port, line->state, line->eligible, line->reason,
                                           flows == known.flows.end() ? 0 : flows->second});
        }
    }
}
