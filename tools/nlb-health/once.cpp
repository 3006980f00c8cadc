// SPDX-License-Identifier: Apache-2.0
// nlb-health once: checks every target a single time and prints what came of it.
#include "checker.hpp"
#include "commands.hpp"
#include "complaints.hpp"

#include "app/table.hpp"
#include "io/clock.hpp"

#include "health/intake.hpp"
#include "health/plan.hpp"

#include <algorithm>
#include <memory>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

constexpr std::size_t kMostInput = 256U << 20;
constexpr std::size_t kMostInFlight = 512;
constexpr Nanos kNoSecondCheck = Nanos::seconds(1'000'000);

struct OnceOptions {
    std::vector<std::string> files;
    std::string scripts;
    bool json = false;
};

/// One result decides, every target is due at once, and none a second time.
void plan_once(health::Plan& plan, health::GroupSet set) {
    if (set.settings) {
        set.settings->thresholds = {1, 1};
        set.settings->interval = kNoSecondCheck;
        set.settings->fast_interval = {};
    }
    const auto span = Nanos::milliseconds(static_cast<std::int64_t>(set.targets.size()));
    plan.apply(std::move(set), io::now() - span);
}

void take(health::Intake::Outcome outcome, health::Plan& plan, Complaints& complaints) {
    complaints.add(outcome.warnings);
    for (health::GroupSet& set : outcome.sets)
        plan_once(plan, std::move(set));
}

Result<void> load(const std::string& file, health::Plan& plan, Complaints& complaints) {
    auto bytes = io::read_file(file, kMostInput);
    if (!bytes) {
        // A file without end is bad input, not a wrong option.
        Error error = bytes.error();
        if (error.code == Errc::Usage) error.code = Errc::Data;
        return tl::unexpected<Error>(error);
    }
    contract::StreamReader reader;
    health::Intake intake;
    for (const contract::Event& event : reader.feed(*bytes))
        take(intake.take(event), plan, complaints);
    for (const contract::Event& event : reader.finish())
        take(intake.take(event), plan, complaints);
    take(intake.finish(), plan, complaints);
    return {};
}

bool is_done(const health::Plan& plan, const Checker& checker) {
    return checker.in_flight() == 0 && plan.deadline() > io::now() + Nanos::seconds(3600);
}

Result<void> check_all(app::Context& context, Scripts* scripts, health::Plan& plan) {
    auto loop = io::EventLoop::make();
    if (!loop) return tl::unexpected<Error>(loop.error());
    if (scripts != nullptr) {
        if (auto watched = scripts->watch(*loop); !watched) return watched;
    }
    const Checker* made = nullptr;
    Checker checker(
        *loop, plan,
        {.most_in_flight = std::min(kMostInFlight, descriptors_for_checks()),
         .waits_when_full = true,
         .may_pause = false,
         .scripts = scripts,
         .on_warning = [&](const std::string& text) { context.log.warning(text); }},
        [&](health::Slot, const health::ProbeResult&, const std::optional<health::Change>&) {
            if (is_done(plan, *made)) loop->stop();
        });
    made = &checker;
    if (is_done(plan, checker)) return {};
    checker.plan_changed({});
    return loop->run();
}

std::vector<contract::TargetHealth> results(const health::Plan& plan) {
    std::vector<contract::TargetHealth> out;
    for (const model::TargetGroupId& id : plan.groups()) {
        for (contract::Message& line : plan.snapshot(id, io::now()).lines)
            out.push_back(std::get<contract::TargetHealth>(std::move(line)));
    }
    return out;
}

std::string as_json(const std::vector<contract::TargetHealth>& lines) {
    std::string text;
    std::uint64_t seq = 0;
    for (const contract::TargetHealth& line : lines)
        contract::encode(line, ++seq, text);
    return text;
}

std::string as_table(const std::vector<contract::TargetHealth>& lines) {
    app::Table table({"GROUP", "TARGET", "STATE", "REASON", "DESCRIPTION"});
    for (const contract::TargetHealth& line : lines) {
        const auto reason = line.reason.value_or(model::HealthReason::None);
        table.add({line.group.value, line.target.value, std::string(to_text(line.state)),
                   line.reason ? std::string(to_text(reason)) : "-",
                   line.description.value_or("-")});
    }
    return table.text(app::stdout_is_terminal());
}

Result<int> once(app::Context& context, const OnceOptions& options) {
    health::Plan plan(1); // every target is due at once: nothing is left to chance
    Complaints complaints(context.log);
    for (const std::string& file : options.files) {
        if (auto ok = load(file, plan, complaints); !ok) return tl::unexpected<Error>(ok.error());
    }
    auto scripts = Scripts::begin(options.scripts);
    if (!scripts) return tl::unexpected<Error>(scripts.error());
    auto checked = check_all(context, scripts->get(), plan);
    if (!checked) return tl::unexpected<Error>(checked.error());
    const std::vector<contract::TargetHealth> lines = results(plan);
    if (auto ok = app::print(options.json ? as_json(lines) : as_table(lines)); !ok) {
        return tl::unexpected<Error>(ok.error());
    }
    if (complaints.count() > 0) {
        context.log.error("the input is partly bad: " + std::to_string(complaints.count()) +
                          " warnings");
        return app::kInputPartlyBad;
    }
    const bool all_healthy = std::all_of(lines.begin(), lines.end(), [](const auto& line) {
        return line.state == model::HealthState::Healthy;
    });
    return all_healthy ? app::kDone : app::kAnswerIsNo;
}

} // namespace

app::Command once_command() {
    return {"once", "Check every target a single time and print a table",
            [](app::Options& declare) {
                auto options = std::make_shared<OnceOptions>();
                options->files = {"-"};
                declare.texts("files", options->files, {"FILE"},
                              "Files with target-sets; - is standard input");
                declare.flag("--json", options->json, "Print target-health messages as NDJSON");
                declare.text("--scripts", options->scripts, {"DIR"},
                             "Folder of the scripts that groups may name to check their targets");
                return [options](app::Context& context) { return once(context, *options); };
            }};
}
