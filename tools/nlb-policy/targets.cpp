// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"

#include "app/configuration_file.hpp"

#include "route/publisher.hpp"

#include "base/text.hpp"
#include "contract/sets.hpp"

#include <memory>

namespace nlb::policy {

namespace {

struct Options {
    std::string file;
    std::string zone;
};

Result<int> targets(app::Context& context, const Options& options) {
    auto configuration = load_configuration(context, options.file);
    if (!configuration) return tl::unexpected<Error>(configuration.error());
    const model::ZoneName zone{options.zone};
    if (!zone.empty() && !configuration->has_zone(zone)) {
        return fail(Errc::Usage,
                    "--zone " + in_quotes(zone.value) + ": no load balancer has this zone");
    }
    const route::Publisher publisher(std::move(*configuration));
    contract::StreamWriter writer(context.hello("policy"));
    for (const contract::Set& set : publisher.target_sets(publisher.everything(), zone))
        contract::append_set(set, writer);
    return app::print(writer.pending()).map([] { return int{app::kDone}; });
}

} // namespace

app::Command targets_command() {
    return {"targets", "Print the target-set: what is to be checked, and how",
            [](app::Options& declare) {
                auto options = std::make_shared<Options>();
                declare.text("FILE", options->file, {"", true},
                             "Configuration, see nlb.toml(5); - is stdin");
                declare.text("--zone", options->zone, {"ZONE"},
                             "Zone of the node that checks: whose address is the Host header");
                return [options](app::Context& context) { return targets(context, *options); };
            }};
}

} // namespace nlb::policy
