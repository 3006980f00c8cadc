// SPDX-License-Identifier: Apache-2.0
// nlb-forward flows: the flows of a node, as ss(8) lists sockets: those in the kernel's tables, and
// those that a running process carries by sockets.
#include "commands.hpp"
#include "control.hpp"
#include "flow_lines.hpp"
#include "kernel_flows.hpp"

#include "app/ask.hpp"
#include "app/table.hpp"

#include "base/text.hpp"

#include <memory>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

struct Options {
    std::string node;
    bool json = false;
    std::vector<std::string> filter;
};

FlowLine line_of(const contract::LiveFlow& flow) {
    FlowLine line;
    line.protocol = flow.protocol;
    line.state = flow.state;
    line.client = {flow.client_address, static_cast<std::uint16_t>(flow.client_port)};
    line.destination = {flow.destination_address,
                        static_cast<std::uint16_t>(flow.destination_port)};
    if (flow.source_address)
        line.source = {*flow.source_address,
                       static_cast<std::uint16_t>(flow.source_port.value_or(0))};
    line.target_at = {flow.target_address, static_cast<std::uint16_t>(flow.target_port)};
    line.listener = flow.listener.value;
    line.zone = flow.zone;
    line.group = flow.group.value;
    line.target = flow.target.value;
    line.client_bytes = flow.client_bytes;
    line.target_bytes = flow.target_bytes;
    line.age_s = flow.age_ms / 1000;
    line.idle_ms = flow.idle_ms;
    return line;
}

class Printer {
  public:
    Printer(FlowFilter filter, bool json) : filter_(std::move(filter)), json_(json) {}

    Result<void> put(const FlowLine& line) {
        if (!filter_.fits(line)) return {};
        if (!json_) {
            table_.add(cells_of(line));
            return {};
        }
        std::string out;
        append_json(line, out);
        return app::print(out);
    }

    Result<void> end() {
        return json_ ? Result<void>() : app::print(table_.text(app::stdout_is_terminal()));
    }

  private:
    FlowFilter filter_;
    bool json_;
    app::Table table_{flow_columns()};
};

/// False: no process of the node answers.
Result<bool> ask_process(const app::Context& context, const std::string& node, Printer& printer) {
    contract::Request request;
    request.what = "flows";
    Result<void> printed;
    const auto asked =
        app::ask(context, control_source(node), request, [&](const contract::Event& event) {
            const auto* message = std::get_if<contract::Message>(&event.what);
            const auto* flow =
                message == nullptr ? nullptr : std::get_if<contract::LiveFlow>(message);
            if (flow != nullptr && printed) printed = printer.put(line_of(*flow));
        });
    if (!printed) return tl::unexpected<Error>(printed.error());
    if (asked) return true;
    if (asked.error().sys == ENOENT || asked.error().sys == ECONNREFUSED) return false;
    return forward(asked.error(), "nlb-forward run");
}

Result<int> flows(const app::Context& context, const Options& options) {
    auto filter = FlowFilter::parse(options.filter);
    if (!filter) return tl::unexpected<Error>(filter.error());
    Printer printer(std::move(*filter), options.json);
    const auto in_kernel =
        for_each_kernel_flow(options.node, [&](const FlowLine& line) { return printer.put(line); });
    if (!in_kernel) return tl::unexpected<Error>(in_kernel.error());
    const auto in_process = ask_process(context, options.node, printer);
    if (!in_process) return tl::unexpected<Error>(in_process.error());
    if (!*in_kernel && !*in_process)
        return fail(Errc::Usage, "--node " + in_quotes(options.node) +
                                     " has no kernel datapath, and no nlb-forward of it runs");
    return printer.end().map([] { return int{app::kDone}; });
}

} // namespace

app::Command flows_command() {
    return {"flows", "List the flows of a node", [](app::Options& declare) {
                auto options = std::make_shared<Options>();
                options->node = app::default_node();
                declare.text("--node", options->node, {"NAME"},
                             "Name of the node (default: the host name)");
                declare.flag("--json", options->json, "One JSON object a flow");
                declare.texts("FILTER", options->filter, {"FILTER"},
                              "state WORD, src ADDRESS[:PORT], dst ADDRESS[:PORT], target ID, "
                              "listener ID, in pairs");
                return [options](app::Context& context) { return flows(context, *options); };
            }};
}
