// SPDX-License-Identifier: Apache-2.0
#include "app/configuration_file.hpp"

#include "io/fd.hpp"

#include "base/text.hpp"
#include "config/config.hpp"
#include "config/parse.hpp"

namespace nlb::app {

Result<model::Configuration> load_configuration(const Context& context, const std::string& path) {
    const auto text = io::read_file(path, config::kLongestText);
    if (!text) return tl::unexpected<Error>(text.error());
    auto loaded = config::load(*text, path);
    if (!loaded) {
        for (const config::Problem& problem : loaded.error())
            context.log.error(problem.text());
        const std::size_t count = loaded.error().size();
        return fail(Errc::Usage, "configuration " + in_quotes(path) + " has " +
                                     std::to_string(count) +
                                     (count == 1 ? " problem" : " problems"));
    }
    return std::move(loaded->configuration);
}

} // namespace nlb::app
