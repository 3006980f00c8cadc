// SPDX-License-Identifier: Apache-2.0
// nlb-forward status: what a running nlb-forward serves, and how.
#include "commands.hpp"
#include "control.hpp"
#include "kernel_flows.hpp"

#include "app/ask.hpp"
#include "app/table.hpp"
#include "io/clock.hpp"

#include "contract/codec.hpp"

#include <memory>
#include <tuple>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

struct Options {
    std::string node;
    bool json = false;
};

/// The lines of an answer, by what they are about.
struct Status {
    std::vector<contract::Forwarder> processes; ///< one
    std::vector<contract::InterfaceStatus> interfaces;
    std::vector<contract::ListenerStatus> listeners;
    std::vector<contract::TargetStatus> targets;
};

std::string text_of(const std::optional<std::uint64_t>& value) {
    return value ? std::to_string(*value) : "-";
}

std::string process_table(const std::vector<contract::Forwarder>& processes) {
    app::Table table(
        {"PID", "STATE", "DATAPATH", "WORKERS", "GENERATION", "FLOWS", "UP", "TAKEOVER"});
    for (const contract::Forwarder& line : processes) {
        const std::int64_t up_ms = io::unix_ms() - static_cast<std::int64_t>(line.start_ms);
        table.add({std::to_string(line.pid), line.state, line.datapath,
                   std::to_string(line.workers), text_of(line.generation),
                   std::to_string(line.active_flows), std::to_string(up_ms / 1000) + "s",
                   line.takeover.value_or("-")});
    }
    return table.text(app::stdout_is_terminal());
}

/// Nothing where no packets are forwarded in the kernel.
std::string interface_table(const std::vector<contract::InterfaceStatus>& interfaces) {
    if (interfaces.empty()) return "";
    app::Table table({"INTERFACE", "HOOK"});
    for (const contract::InterfaceStatus& line : interfaces)
        table.add({line.interface, line.hook.value_or("-")});
    return table.text(app::stdout_is_terminal()) + "\n";
}

std::string listener_table(const std::vector<contract::ListenerStatus>& listeners) {
    app::Table table({"LISTENER", "ZONE", "PROTOCOL", "ADDRESS", "BY", "STATE", "ACTIVE", "NEW",
                      "BYTES", "LACKS"});
    for (const contract::ListenerStatus& line : listeners) {
        const Endpoint at{line.address, static_cast<std::uint16_t>(line.port)};
        table.add({line.listener.value, line.zone, std::string(to_text(line.protocol)), at.text(),
                   line.datapath, line.bound ? "bound" : line.error.value_or("not bound"),
                   text_of(line.active_flows), text_of(line.new_flows),
                   text_of(line.processed_bytes), line.lacks.value_or("-")});
    }
    return table.text(app::stdout_is_terminal());
}

std::string target_table(const std::vector<contract::TargetStatus>& targets) {
    app::Table table(
        {"GROUP", "ZONE", "TARGET", "ADDRESS", "HEALTH", "NEW-FLOWS", "REASON", "ACTIVE"});
    for (const contract::TargetStatus& line : targets) {
        const Endpoint at{line.address, static_cast<std::uint16_t>(line.port)};
        table.add({line.group.value, line.zone, line.target.value, at.text(),
                   std::string(to_text(line.state)), line.eligible ? "yes" : "no",
                   std::string(to_text(line.reason)), std::to_string(line.active_flows)});
    }
    return table.text(app::stdout_is_terminal());
}

std::string lines_of(const Status& status) {
    std::string text;
    std::uint64_t seq = 0;
    for (const contract::Forwarder& line : status.processes)
        contract::encode(line, ++seq, text);
    for (const contract::InterfaceStatus& line : status.interfaces)
        contract::encode(line, ++seq, text);
    for (const contract::ListenerStatus& line : status.listeners)
        contract::encode(line, ++seq, text);
    for (const contract::TargetStatus& line : status.targets)
        contract::encode(line, ++seq, text);
    return text;
}

/// The process knows the flows that it carries by sockets; the kernel's are in its tables.
Result<void> add_kernel_flows(const std::string& node, Status& status) {
    std::map<std::tuple<std::string, std::string, std::string>, std::uint64_t> flows;
    auto counted = for_each_kernel_flow(node, [&](const FlowLine& line) -> Result<void> {
        const bool is_live =
            line.state == "opening" || line.state == "established" || line.state == "closing";
        if (is_live) ++flows[{line.group, line.zone, line.target}];
        return {};
    });
    if (!counted) return tl::unexpected<Error>(counted.error());
    for (contract::TargetStatus& line : status.targets) {
        const auto at = flows.find({line.group.value, line.zone, line.target.value});
        if (at != flows.end()) line.active_flows += at->second;
    }
    return {};
}

Result<Status> ask_status(const app::Context& context, const std::string& node) {
    contract::Request request;
    request.what = "status";
    Status status;
    const auto asked =
        app::ask(context, control_source(node), request, [&](const contract::Event& event) {
            const auto* message = std::get_if<contract::Message>(&event.what);
            if (message == nullptr) return;
            if (const auto* process = std::get_if<contract::Forwarder>(message))
                status.processes.push_back(*process);
            else if (const auto* interface = std::get_if<contract::InterfaceStatus>(message))
                status.interfaces.push_back(*interface);
            else if (const auto* listener = std::get_if<contract::ListenerStatus>(message))
                status.listeners.push_back(*listener);
            else if (const auto* target = std::get_if<contract::TargetStatus>(message))
                status.targets.push_back(*target);
        });
    if (!asked) return forward(asked.error(), "nlb-forward run");
    if (auto added = add_kernel_flows(node, status); !added)
        return tl::unexpected<Error>(added.error());
    return status;
}

Result<int> status(const app::Context& context, const Options& options) {
    const auto known = ask_status(context, options.node);
    if (!known) return tl::unexpected<Error>(known.error());
    const std::string text =
        options.json ? lines_of(*known)
                     : process_table(known->processes) + "\n" + interface_table(known->interfaces) +
                           listener_table(known->listeners) + "\n" + target_table(known->targets);
    return app::print(text).map([] { return int{app::kDone}; });
}

} // namespace

app::Command status_command() {
    return {"status", "Show the listeners and targets of a running nlb-forward",
            [](app::Options& declare) {
                auto options = std::make_shared<Options>();
                options->node = app::default_node();
                declare.text("--node", options->node, {"NAME"},
                             "Name of the node (default: the host name)");
                declare.flag("--json", options->json, "One JSON object a line");
                return [options](app::Context& context) { return status(context, *options); };
            }};
}
