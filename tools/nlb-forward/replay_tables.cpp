// SPDX-License-Identifier: Apache-2.0
#include "replay_tables.hpp"

#include "tables/build.hpp"

#include "io/fd.hpp"

#include "route/intake.hpp"

#include "base/text.hpp"
#include "config/config.hpp"
#include "config/parse.hpp"

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

constexpr std::size_t kLongestHealth = 256U << 20U;
constexpr std::uint64_t kComplaintsTold = 20; // of a binary file; the rest is counted

Result<model::Configuration> load_configuration(const app::Context& context,
                                                const std::string& path) {
    const auto text = io::read_file(path, config::kLongestText);
    if (!text) return tl::unexpected<Error>(text.error());
    auto loaded = config::load(*text, path);
    if (loaded) return std::move(loaded->configuration);
    for (const config::Problem& problem : loaded.error())
        context.log.error(problem.text());
    return fail(Errc::Usage, "configuration " + in_quotes(path) + " has " +
                                 std::to_string(loaded.error().size()) + " problems");
}

/// Every line of the file; a replay uses the state at its end.
Result<void> take_health(const app::Context& context, const std::string& path,
                         route::Publisher& publisher) {
    const auto text = io::read_file(path, kLongestHealth);
    if (!text) return tl::unexpected<Error>(text.error());
    contract::StreamReader reader;
    route::Intake intake;
    const auto take = [&](const std::vector<contract::Event>& events) {
        for (const contract::Event& event : events) {
            const auto taken = intake.take(event, publisher);
            if (!taken.warning.empty() && intake.bad() <= kComplaintsTold)
                context.log.warning(in_quotes(path) + ": " + taken.warning);
        }
    };
    take(reader.feed(*text));
    take(reader.finish());
    if (intake.bad() > 0)
        return fail(Errc::Data, in_quotes(path) + ": " + std::to_string(intake.bad()) +
                                    " lines or sets could not be used");
    publisher.publish();
    return {};
}

Result<void> check_zone(const model::Configuration& configuration, const std::string& zone) {
    if (zone.empty() || configuration.has_zone(model::ZoneName{zone})) return {};
    return fail(Errc::Usage, "--zone " + in_quotes(zone) + ": no load balancer has this zone");
}

} // namespace

Result<flow::Tables> replay_tables(const app::Context& context, const ReplaySources& sources) {
    auto configuration = load_configuration(context, sources.configuration);
    if (!configuration) return tl::unexpected<Error>(configuration.error());
    if (auto known = check_zone(*configuration, sources.zone); !known)
        return tl::unexpected<Error>(known.error());
    route::Publisher publisher(std::move(*configuration));
    if (!sources.health.empty()) {
        if (auto taken = take_health(context, sources.health, publisher); !taken)
            return tl::unexpected<Error>(taken.error());
    }
    std::vector<contract::Message> lines;
    for (contract::Set& set : publisher.route_sets(publisher.everything()))
        std::move(set.lines.begin(), set.lines.end(), std::back_inserter(lines));
    return tables::build(lines, sources.zone);
}
