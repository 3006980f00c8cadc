// SPDX-License-Identifier: Apache-2.0
// nlb-policy doctor: which entries of the guide's chapter on troubleshooting apply, and what shows
// it.
#include "route/doctor.hpp"

#include "ask.hpp"
#include "commands.hpp"
#include "json_object.hpp"

#include "app/table.hpp"
#include "io/fd.hpp"

#include "base/text.hpp"
#include "contract/stream.hpp"

#include <memory>

namespace nlb::policy {

namespace {

struct Options {
    std::string counters;
    std::string socket = "unix:policy";
    bool json = false;
};

constexpr std::size_t kLongestRecords = 256U << 20;
constexpr const char* kRecycles = "/proc/sys/net/ipv4/tcp_tw_recycle"; // kernels before 4.12

Result<void> read_counters(const std::string& file, route::Status& status) {
    if (file.empty()) return {};
    const auto text = io::read_file(file, kLongestRecords);
    if (!text) return tl::unexpected<Error>(text.error());
    contract::StreamReader reader;
    const auto take = [&](const std::vector<contract::Event>& events) {
        for (const contract::Event& event : events) {
            const auto* message = std::get_if<contract::Message>(&event.what);
            if (message != nullptr && std::holds_alternative<contract::Counter>(*message))
                status.take(*message);
        }
    };
    take(reader.feed(*text));
    take(reader.finish());
    if (status.counters.empty()) return fail(Errc::Data, in_quotes(file) + " has no counter lines");
    return {};
}

std::string text_of(const std::vector<route::Finding>& findings, bool json) {
    app::Table table({"ENTRY", "ABOUT", "EVIDENCE"});
    std::string lines;
    for (const route::Finding& finding : findings) {
        table.add({finding.entry, finding.about, finding.evidence});
        lines += JsonObject()
                     .text("entry", finding.entry)
                     .text("about", finding.about)
                     .text("evidence", finding.evidence)
                     .line();
    }
    return json ? lines : table.text(app::stdout_is_terminal());
}

Result<int> doctor(app::Context& context, const Options& options) {
    auto status = ask_status(context, options.socket);
    if (!status) return tl::unexpected<Error>(status.error());
    if (auto done = read_counters(options.counters, *status); !done)
        return tl::unexpected<Error>(done.error());
    const auto recycles = io::read_file(kRecycles, 64);
    status->recycles_time_wait = recycles && recycles->starts_with('1');
    const auto findings = route::examine(*status);
    return app::print(text_of(findings, options.json)).map([] { return int{app::kDone}; });
}

} // namespace

app::Command doctor_command() {
    return {"doctor", "Print what of the troubleshooting chapter applies to a running balancer",
            [](app::Options& declare) {
                auto options = std::make_shared<Options>();
                declare.text("--counters", options->counters, {"FILE"},
                             "Counter lines that nlb-forward --records wrote");
                declare.text("--socket", options->socket, {"SOCKET"},
                             "Where nlb-policy run listens (default: unix:policy)");
                declare.flag("--json", options->json, "One JSON object a finding");
                return [options](app::Context& context) { return doctor(context, *options); };
            }};
}

} // namespace nlb::policy
