// SPDX-License-Identifier: Apache-2.0
#include "flow_lines.hpp"

#include "base/text.hpp"
#include "contract/json.hpp"

#include <algorithm>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

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
    if (line.source.port != 0) endpoint("source", line.source);
    endpoint("target", line.target_at);
    text("listener", line.listener);
    text("zone", line.zone);
    text("group", line.group);
    text("target", line.target);
    if (line.client_packets) number("client_packets", *line.client_packets);
    number("client_bytes", line.client_bytes);
    if (line.target_packets) number("target_packets", *line.target_packets);
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
            line.source.port == 0 ? "-" : line.source.text(),
            line.target_at.text(),
            std::to_string(line.client_bytes),
            std::to_string(line.target_bytes),
            std::to_string(line.age_s),
            std::to_string(line.idle_ms / 1000)};
}

std::vector<std::string> flow_columns() {
    return {"PROTOCOL", "STATE",        "CLIENT",       "DESTINATION", "SOURCE",
            "TARGET",   "CLIENT-BYTES", "TARGET-BYTES", "AGE",         "IDLE"};
}

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
        if (std::find(std::begin(kFlowStates), std::end(kFlowStates), value) ==
            std::end(kFlowStates))
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
