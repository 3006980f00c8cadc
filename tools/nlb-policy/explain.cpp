// SPDX-License-Identifier: Apache-2.0
// nlb-policy explain: which rule keeps a target out of service, or a request from a target.
#include "ask.hpp"
#include "commands.hpp"
#include "explain_request.hpp"
#include "tables/build.hpp"

#include "route/status.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <memory>

namespace nlb::policy {

namespace {

constexpr std::uint64_t kNoSequence = std::uint64_t{1} << 32U; ///< not given

struct Options {
    std::string target;
    std::string group;
    std::string client;
    std::string listener;
    std::uint64_t sequence = kNoSequence;
    std::string socket = "unix:policy";
};

/// Without a port 0 when `port_may_lack`.
Result<Endpoint> endpoint_of(const std::string& option, const std::string& text,
                             bool port_may_lack) {
    if (port_may_lack) {
        if (auto alone = IpAddress::parse(text)) return Endpoint{*alone, 0};
    }
    auto endpoint = Endpoint::parse(text);
    if (!endpoint) return forward(endpoint.error(), option);
    return endpoint;
}

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

Result<int> answer_request(const route::Status& status, const Options& options) {
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
    std::optional<std::uint32_t> sequence;
    if (options.sequence != kNoSequence) sequence = static_cast<std::uint32_t>(options.sequence);
    const auto answer = explain_request(status, *tables, {*client, *listener, sequence});
    return app::print(answer.text).map([&] { return answer.goes ? app::kDone : app::kAnswerIsNo; });
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
    return about_request ? answer_request(*status, options) : explain_target(*status, options);
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
                               "Sequence number of its SYN (default: any, each target's share)");
                declare.text("--socket", options->socket, {"SOCKET"},
                             "Where nlb-policy run listens (default: unix:policy)");
                return [options](app::Context& context) { return explain(context, *options); };
            }};
}

} // namespace nlb::policy
