// SPDX-License-Identifier: Apache-2.0
#include "explain_request.hpp"

#include "base/text.hpp"

#include <map>

namespace nlb::policy {

namespace {

/// Everything about one request, line by line.
class Request {
  public:
    Request(const route::Status& status, const flow::Tables& tables,
            const RequestQuestion& question)
        : status_(status), tables_(tables), client_(question.client), listener_(question.listener),
          sequence_(question.sequence) {}

    /// Whether a target takes it.
    bool explain() {
        bool goes = false;
        bool found = false;
        for (std::uint32_t at = 0; at < tables_.listeners().size(); ++at) {
            const flow::ListenerEntry& entry = tables_.listeners()[at];
            if (!entry.is_in_use || entry.endpoint != listener_) continue;
            found = true;
            goes = explain(entry, at) || goes;
        }
        if (!found) {
            say("no listener is at " + listener_.text() +
                ": packets to a node address that match no listener are dropped");
        }
        return goes;
    }

    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    void say(const std::string& line) { text_ += line + "\n"; }

    bool explain(const flow::ListenerEntry& entry, std::uint32_t at) {
        const flow::GroupEntry& group = tables_.groups()[entry.value.group];
        say("listener " + entry.id.value + " (" + std::string(to_text(entry.protocol)) + ") at " +
            listener_.text() + ", node of zone " + entry.zone + ", forwards to " + group.id.value);
        explain_binding(entry);
        explain_mode(group);
        if (client_.address.family() != listener_.address.family()) {
            say("a client with this address cannot reach the listener: the IP versions differ");
            return false;
        }
        if (group.members.empty()) {
            explain_absence(group);
            return false;
        }
        return explain_choice(entry, at, group);
    }

    void explain_binding(const flow::ListenerEntry& entry) {
        bool is_told = false;
        for (const contract::ListenerState& state : status_.bindings) {
            if (state.listener != entry.id || state.zone != entry.zone) continue;
            is_told = true;
            if (!state.bound)
                say("  it is not bound: " + state.error.value_or("no reason was told"));
        }
        if (!is_told) say("  no nlb-forward has told that it listens there");
    }

    void explain_mode(const flow::GroupEntry& group) {
        for (const contract::Routing& routing : status_.routings) {
            if (routing.group != group.id || routing.zone != group.zone) continue;
            if (routing.mode == model::RouteReason::Healthy)
                say("  healthy targets in reach of the node take flows");
            else
                say("  " + std::string(to_text(routing.mode)) + ": " +
                    std::string(route::sentence(routing.mode)));
        }
    }

    void explain_absence(const flow::GroupEntry& group) {
        say("  no target takes flows of this node: TCP connections are reset, datagrams dropped");
        for (const contract::Route& route : status_.routes) {
            if (route.group == group.id && route.zone == group.zone)
                say("  target " + in_quotes(route.target.value) + ": " +
                    std::string(to_text(route.reason)) + ": " +
                    std::string(route::sentence(route.reason)));
        }
    }

    bool explain_choice(const flow::ListenerEntry& entry, std::uint32_t at,
                        const flow::GroupEntry& group) {
        const bool is_sticky = (group.value.flags & NLB_GROUP_STICKY) != 0;
        const bool is_udp = entry.protocol == model::Protocol::Udp;
        say("  " + std::to_string(group.members.size()) +
            (group.members.size() == 1 ? " target takes flows; " : " targets take flows; ") +
            decider(is_sticky, is_udp));
        const bool is_certain = is_sticky || group.members.size() == 1 ||
                                (client_.port != 0 && (is_udp || sequence_.has_value()));
        if (!is_certain) return explain_shares(group, is_udp);
        const flow::Tuple tuple{
            client_, listener_, sequence_.value_or(0),
            static_cast<std::uint8_t>(is_udp ? NLB_PROTOCOL_UDP : NLB_PROTOCOL_TCP)};
        const auto chosen = flow::decide(tables_, at, tuple);
        if (!chosen) return false;
        const flow::TargetEntry& target = tables_.targets()[*chosen];
        say("  -> target " + in_quotes(target.id.value) + " at " + target.endpoint.text());
        return answers(target, group);
    }

    [[nodiscard]] std::string decider(bool is_sticky, bool is_udp) const {
        if (is_sticky) return "stickiness: the client's address alone decides";
        if (is_udp) return "protocol, addresses and ports decide";
        const std::string base = "protocol, addresses, ports and the SYN's sequence number";
        return base + (sequence_ ? " " + std::to_string(*sequence_) : std::string()) + " decide";
    }

    /// Everything that the hash may choose, by slots of the ring.
    bool explain_shares(const flow::GroupEntry& group, bool is_udp) {
        const std::string lacks = client_.port != 0 ? "" : "the client's port";
        const std::string number = is_udp || sequence_ ? "" : "the sequence number";
        const std::string both = lacks.empty() || number.empty() ? "" : " and ";
        say("  without " + lacks + both + number + " each of them may be chosen:");
        std::map<std::uint32_t, std::uint32_t> slots;
        for (const std::uint32_t target :
             tables_.slots().subspan(group.value.first_slot, group.value.ring_size))
            ++slots[target];
        bool any = false;
        for (const std::uint32_t member : group.members) {
            const flow::TargetEntry& target = tables_.targets()[member];
            say("  -> target " + in_quotes(target.id.value) + " at " + target.endpoint.text() +
                ": " + percent(slots[member], group.value.ring_size) + " % of the flows");
            any = answers(target, group) || any;
        }
        return any;
    }

    /// To one decimal.
    static std::string percent(std::uint32_t part, std::uint32_t whole) {
        const std::uint64_t tenths = (std::uint64_t{part} * 1000 + whole / 2) / whole;
        return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
    }

    /// False for a target that would answer to itself.
    bool answers(const flow::TargetEntry& target, const flow::GroupEntry& group) {
        const bool keeps = (group.value.flags & NLB_GROUP_PRESERVE_CLIENT_IP) != 0;
        if (!keeps || target.endpoint.address != client_.address) return true;
        say("  the target is its own client, and preserve_client_ip.enabled is true: it gets no "
            "answer");
        return false;
    }

    const route::Status& status_;
    const flow::Tables& tables_;
    Endpoint client_;
    Endpoint listener_;
    std::optional<std::uint32_t> sequence_;
    std::string text_;
};

} // namespace

RequestAnswer explain_request(const route::Status& status, const flow::Tables& tables,
                              const RequestQuestion& question) {
    Request request(status, tables, question);
    const bool goes = request.explain();
    return {request.text(), goes};
}

} // namespace nlb::policy
