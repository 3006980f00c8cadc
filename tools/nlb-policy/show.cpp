// SPDX-License-Identifier: Apache-2.0
// nlb-policy show: the configuration in effect, with every default filled in.
#include "commands.hpp"

#include "app/configuration_file.hpp"

#include "config/config.hpp"
#include "config/render.hpp"

#include <memory>

namespace nlb::policy {

namespace {

struct Options {
    std::string file;
    bool json = false;
};

Result<int> show_file(const app::Context& context, const Options& options) {
    const auto configuration = load_configuration(context, options.file);
    if (!configuration) return Failure<Error>(configuration.error());
    const config::Node document = config::show(*configuration);
    const auto printed =
        app::print(options.json ? config::to_json(document) : config::to_toml(document));
    return printed.map([] { return int{app::kDone}; });
}

} // namespace

app::Command show_command() {
    return {"show", "Print the configuration in effect, every default filled in",
            [](app::Options& declare) {
                auto options = std::make_shared<Options>();
                declare.text("FILE", options->file, {"", true},
                             "An nlb.toml(5) file; - is standard input");
                declare.flag("--json", options->json, "One JSON object instead of TOML");
                return [options](app::Context& context) { return show_file(context, *options); };
            }};
}

} // namespace nlb::policy
