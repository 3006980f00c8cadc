// SPDX-License-Identifier: Apache-2.0
// nlb-policy explain: which rule keeps a target out of service, or a request from a target.
#include "ask.hpp"
#include "commands.hpp"
#include "tables/build.hpp"

#include "route/status.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <charconv>
#include <memory>

namespace nlb::policy {

namespace {

struct Options {
    std::string target;
    std::string group;
    std::string client;
    std::string listener;
    std::uint64_t sequence = 0;
    std::string socket = "unix:policy";
};

/// "192.0.2.1:80" or "[2001:db8::1]:80"; without a port 0 when `port_may_lack`.
Result<Endpoint> endpoint_of(const std::string& option, const std::string& text,
                             bool port_may_lack) {
    const auto wrong = [&] {
        return fail(Errc::Usage, option + " = " + in_quotes(text) +
                                     ": must be ADDRESS:PORT, as in 192.0.2.1:80 or "
                                     "[2001:db8::1]:80");
    };
    if (port_may_lack) {
        if (auto alone = IpAddress::parse(text)) return Endpoint{*alone, 0};
    }
    const std::size_t colon = text.rfind(':');
    if (colon == text.npos) return wrong();
    std::string address = text.substr(0, colon);
    if (address.size() > 2 && address.front() == '[' && address.back() == ']')
        address = address.substr(1, address.size() - 2);
    const auto parsed = IpAddress::parse(address);
    std::uint16_t port = 0;
    const char* end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(text.data() + colon + 1, end, port);
    if (!parsed || problem != std::errc{} || stop != end) return wrong();
    return Endpoint{*parsed, port};
}

/// Everything about one request, line by line.
class Request {
  public:
    Request(const route::Status& status, const flow::Tables& tables, Endpoint client,
            Endpoint listener, std::uint32_t sequence)
        : status_(status), tables_(tables), client_(client), listener_(listener),
          sequence_(sequence) {}

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
        const flow::Tuple tuple{
            client_, listener_, sequence_,
            static_cast<std::uint8_t>(is_udp ? NLB_PROTOCOL_UDP : NLB_PROTOCOL_TCP)};
        const auto chosen = flow::decide(tables_, at, tuple);
        if (!chosen) return false;
        const flow::TargetEntry& target = tables_.targets()[*chosen];
        say("  " + std::to_string(group.members.size()) + " targets take flows; " +
            (is_sticky ? "stickiness: the client's address alone decides"
             : is_udp  ? "protocol, addresses and ports decide"
                       : "protocol, addresses, ports and the SYN's sequence number " +
                            std::to_string(sequence_) + " decide"));
        say("  -> target " + in_quotes(target.id.value) + " at " + target.endpoint.text());
        const bool keeps = (group.value.flags & NLB_GROUP_PRESERVE_CLIENT_IP) != 0;
        if (keeps && target.endpoint.address == client_.address) {
            say("  the target is its own client, and preserve_client_ip.enabled is true: it gets "
                "no answer");
            return false;
        }
        return true;
    }

    const route::Status& status_;
    const flow::Tables& tables_;
    Endpoint client_;
    Endpoint listener_;
    std::uint32_t sequence_;
    std::string text_;
};

/// Address and port, or the id of a listener: then its first address.
Result<Endpoint> listener_of(const route::Status& status, const std::string& text) {
    for (const contract::Listener& listener : status.listeners) {
        if (listener.listener.value == text)
            return Endpoint{listener.address, static_cast<std::uint16_t>(listener.port)};
    }
    if (text.starts_with("listener/"))
        return fail(Errc::Usage, "no listener is called " + in_quotes(text));
    return endpoint_of("--listener", text, false);
}

Result<int> explain_request(const route::Status& status, const Options& options) {
    const auto client = endpoint_of("--client", options.client, true);
    if (!client) return tl::unexpected<Error>(client.error());
    const auto listener = listener_of(status, options.listener);
    if (!listener) return tl::unexpected<Error>(listener.error());
    std::vector<contract::Message> lines;
    for (const auto& line : status.listeners)
        lines.emplace_back(line);
    for (const auto& line : status.routings)
        lines.emplace_back(line);
    for (const auto& line : status.routes)
        lines.emplace_back(line);
    const auto tables = tables::build(lines);
    if (!tables) return tl::unexpected<Error>(tables.error());
    Request request(status, *tables, *client, *listener,
                    static_cast<std::uint32_t>(options.sequence));
    const bool goes = request.explain();
    return app::print(request.text()).map([&] { return goes ? app::kDone : app::kAnswerIsNo; });
}

Result<int> explain_target(const route::Status& status, const Options& options) {
    const auto explanation = route::explain_target(status, options.target, options.group);
    std::string text;
    for (const std::string& line : explanation.lines)
        text += line + "\n";
    return app::print(text).map(
        [&] { return explanation.takes_flows ? app::kDone : app::kAnswerIsNo; });
}

Result<int> explain(app::Context& context, const Options& options) {
    const bool about_request = !options.client.empty() && !options.listener.empty();
    if (options.target.empty() ? !about_request || !options.group.empty()
                               : !options.client.empty() || !options.listener.empty()) {
        return fail(Errc::Usage, "give --target, with --group or without, or --client and "
                                 "--listener");
    }
    const auto status = ask_status(context, options.socket);
    if (!status) return tl::unexpected<Error>(status.error());
    return about_request ? explain_request(*status, options) : explain_target(*status, options);
}

} // namespace

app::Command explain_command() {
    return {"explain", "Name the rule that keeps a target out of service, or a request from it",
            [](app::Options& declare) {
                auto options = std::make_shared<Options>();
                declare.text("--target", options->target, {"TARGET"}, "ID or ID:PORT of a target");
                declare.text("--group", options->group, {"GROUP"},
                             "Name or id of its target group (default: all)");
                declare.text("--client", options->client, {"ADDRESS"},
                             "ADDRESS or ADDRESS:PORT that a request comes from");
                declare.text("--listener", options->listener, {"LISTENER"},
                             "ADDRESS:PORT or id of the listener it goes to");
                declare.number("--sequence", options->sequence, {0, 0xFFFFFFFFU}, {"NUMBER"},
                               "Sequence number of its SYN (default: 0)");
                declare.text("--socket", options->socket, {"SOCKET"},
                             "Where nlb-policy run listens (default: unix:policy)");
                return [options](app::Context& context) { return explain(context, *options); };
            }};
}

} // namespace nlb::policy
