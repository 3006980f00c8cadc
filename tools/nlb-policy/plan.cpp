// SPDX-License-Identifier: Apache-2.0
// nlb-policy plan: how many flows a change of the configuration would move. nlb-policy rings: the
// digests of the tables that flows are spread with.
#include "ask.hpp"
#include "commands.hpp"
#include "json_object.hpp"
#include "tables/build.hpp"
#include "tables/rings.hpp"

#include "app/configuration_file.hpp"
#include "app/table.hpp"
#include "io/fd.hpp"

#include "route/intake.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

namespace nlb::policy {

namespace {

constexpr std::size_t kLongestHealth = 256U << 20;

/// What is assumed of health: what a recording says, or that every target is healthy.
Result<void> apply_health(const std::string& file, route::Publisher& publisher) {
    if (file.empty()) {
        for (const model::TargetGroup& group : publisher.configuration().target_groups) {
            for (const model::Target& target : group.targets) {
                contract::TargetHealth line;
                line.group = group.id;
                line.target = target.key();
                line.state = model::HealthState::Healthy;
                publisher.take(line, "plan");
            }
        }
    } else {
        const auto text = io::read_file(file, kLongestHealth);
        if (!text) return tl::unexpected<Error>(text.error());
        contract::StreamReader reader;
        route::Intake intake;
        for (const contract::Event& event : reader.feed(*text))
            intake.take(event, publisher);
        for (const contract::Event& event : reader.finish())
            intake.take(event, publisher);
        if (intake.bad() != 0)
            return fail(Errc::Data, in_quotes(file) + ": " + std::to_string(intake.bad()) +
                                        " lines or sets could not be used");
    }
    publisher.publish({});
    return {};
}

Result<flow::Tables> tables_of(const std::vector<contract::Set>& sets) {
    std::vector<contract::Message> lines;
    for (const contract::Set& set : sets) {
        if (set.kind == contract::SetKind::RouteSet)
            lines.insert(lines.end(), set.lines.begin(), set.lines.end());
    }
    return tables::build(lines);
}

Result<flow::Tables> tables_of(const app::Context& context, const std::string& file,
                               const std::string& health) {
    auto configuration = load_configuration(context, file);
    if (!configuration) return tl::unexpected<Error>(configuration.error());
    route::Publisher publisher(std::move(*configuration));
    if (auto done = apply_health(health, publisher); !done)
        return tl::unexpected<Error>(done.error());
    return tables_of(publisher.route_sets(publisher.everything()));
}

std::string percent(double share) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2f", share * 100);
    return text.data();
}

struct PlanOptions {
    std::string before;
    std::string after;
    std::string health;
    bool json = false;
};

std::string text_of(const std::vector<tables::Moves>& all, bool json) {
    app::Table table({"TARGET GROUP", "ZONE", "TARGETS", "MOVED %", "TARGET GONE %"});
    std::string lines;
    for (const tables::Moves& one : all) {
        table.add({one.group.value, one.zone,
                   std::to_string(one.before) + " -> " + std::to_string(one.after),
                   percent(one.moved), percent(one.forced)});
        lines += JsonObject()
                     .text("group", one.group.value)
                     .text("zone", one.zone)
                     .number("targets_before", std::to_string(one.before))
                     .number("targets_after", std::to_string(one.after))
                     .number("moved_percent", percent(one.moved))
                     .number("target_gone_percent", percent(one.forced))
                     .line();
    }
    return json ? lines : table.text(app::stdout_is_terminal());
}

Result<int> plan(app::Context& context, const PlanOptions& options) {
    const auto stdins = {options.before == "-", options.after == "-", options.health == "-"};
    if (std::count(stdins.begin(), stdins.end(), true) > (options.health == "-" ? 0 : 1))
        return fail(Errc::Usage,
                    "only one of OLD and NEW can be standard input, and --health cannot");
    const auto before = tables_of(context, options.before, options.health);
    if (!before) return tl::unexpected<Error>(before.error());
    const auto after = tables_of(context, options.after, options.health);
    if (!after) return tl::unexpected<Error>(after.error());
    const auto text = text_of(tables::moves(*before, *after), options.json);
    return app::print(text).map([] { return int{app::kDone}; });
}

struct RingsOptions {
    std::string file;
    std::string health;
    std::string socket = "unix:policy";
    bool json = false;
};

std::string text_of(const std::vector<tables::RingSummary>& all, bool json) {
    app::Table table({"TARGET GROUP", "ZONE", "SLOTS", "TARGETS", "DIGEST"});
    std::string lines;
    for (const tables::RingSummary& ring : all) {
        table.add({ring.group.value, ring.zone, std::to_string(ring.size),
                   std::to_string(ring.targets), ring.digest.empty() ? "-" : ring.digest});
        lines += JsonObject()
                     .text("group", ring.group.value)
                     .text("zone", ring.zone)
                     .number("slots", std::to_string(ring.size))
                     .number("targets", std::to_string(ring.targets))
                     .text("digest", ring.digest)
                     .line();
    }
    return json ? lines : table.text(app::stdout_is_terminal());
}

Result<flow::Tables> tables_of(app::Context& context, const RingsOptions& options) {
    if (!options.file.empty()) return tables_of(context, options.file, options.health);
    contract::Request request;
    request.what = "status";
    const auto said = ask(context, options.socket, request);
    if (!said) return tl::unexpected<Error>(said.error());
    return tables_of(said->sets);
}

Result<int> rings(app::Context& context, const RingsOptions& options) {
    if (options.file.empty() && !options.health.empty())
        return fail(Errc::Usage, "--health goes with a FILE: a running nlb-policy knows it");
    if (options.file == "-" && options.health == "-")
        return fail(Errc::Usage, "FILE and --health cannot both be standard input");
    const auto tables = tables_of(context, options);
    if (!tables) return tl::unexpected<Error>(tables.error());
    return app::print(text_of(tables::rings(*tables), options.json)).map([] {
        return int{app::kDone};
    });
}

} // namespace

app::Command plan_command() {
    return {"plan", "Say how many flows a change of the configuration would move",
            [](app::Options& declare) {
                auto options = std::make_shared<PlanOptions>();
                declare.text("OLD", options->before, {"", true}, "Configuration before the change");
                declare.text("NEW", options->after, {"", true}, "Configuration after it");
                declare.text("--health", options->health, {"FILE"},
                             "target-health to assume (default: every target is healthy)");
                declare.flag("--json", options->json, "One JSON object a target group and zone");
                return [options](app::Context& context) { return plan(context, *options); };
            }};
}

app::Command rings_command() {
    return {"rings", "Print the digests of the tables that spread flows over targets",
            [](app::Options& declare) {
                auto options = std::make_shared<RingsOptions>();
                declare.text("FILE", options->file, {""},
                             "Configuration; without it a running nlb-policy is asked");
                declare.text("--health", options->health, {"FILE"},
                             "target-health to assume (default: every target is healthy)");
                declare.text("--socket", options->socket, {"SOCKET"},
                             "Where nlb-policy run listens (default: unix:policy)");
                declare.flag("--json", options->json, "One JSON object a target group and zone");
                return [options](app::Context& context) { return rings(context, *options); };
            }};
}

} // namespace nlb::policy
