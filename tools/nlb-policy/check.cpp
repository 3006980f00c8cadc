// SPDX-License-Identifier: Apache-2.0
// nlb-policy check: every problem of every file, and the advice of the guide.
#include "commands.hpp"

#include "io/fd.hpp"

#include "config/config.hpp"
#include "config/parse.hpp"

#include <algorithm>
#include <cstdio>
#include <memory>

namespace nlb::policy {

namespace {

struct Options {
    std::vector<std::string> files;
};

std::string count(std::size_t n, const std::string& what) {
    return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

std::string summary(const model::Configuration& c) {
    std::size_t listeners = 0;
    std::size_t targets = 0;
    for (const auto& lb : c.load_balancers)
        listeners += lb.listeners.size();
    for (const auto& group : c.target_groups)
        targets += group.targets.size();
    return count(c.load_balancers.size(), "load balancer") + ", " + count(listeners, "listener") +
           ", " + count(c.target_groups.size(), "target group") + ", " + count(targets, "target");
}

/// A line each, with nothing in front of FILE:LINE:COLUMN, as editors read it.
void print(const config::Problems& problems, std::string_view label) {
    for (const config::Problem& problem : problems) {
        const std::string line = problem.text(label) + "\n";
        std::fwrite(line.data(), 1, line.size(), stderr);
    }
}

int check_one(const app::Context& context, const std::string& file) {
    const auto text = io::read_file(file, config::kLongestText);
    if (!text) {
        context.log.error(text.error().text());
        return text.error().code == Errc::Usage ? app::kUsage : app::kSystem;
    }
    const std::string name = file == "-" ? "<stdin>" : file;
    config::Problems warnings;
    const auto loaded = config::load(*text, name, &warnings);
    if (context.log.shows(app::LogLevel::Warning)) print(warnings, "warning: ");
    if (!loaded) {
        print(loaded.error(), "");
        context.log.error(name + ": " + count(loaded.error().size(), "problem"));
        return app::kUsage;
    }
    context.log.notice(name + ": valid; " + summary(loaded->configuration));
    return app::kDone;
}

Result<int> check_all(const app::Context& context, const Options& options) {
    int status = app::kDone;
    for (const std::string& file : options.files)
        status = std::max(status, check_one(context, file));
    return status;
}

} // namespace

app::Command check_command() {
    return {"check", "Say everything that is wrong with configuration files",
            [](app::Options& declare) {
                auto options = std::make_shared<Options>();
                declare.texts("FILE", options->files, {"", true},
                              "nlb.toml(5) files; - is standard input");
                return [options](app::Context& context) { return check_all(context, *options); };
            }};
}

} // namespace nlb::policy
