// SPDX-License-Identifier: Apache-2.0
#include "config/config.hpp"

#include "base/text.hpp"
#include "config/complete.hpp"
#include "config/fields.hpp"
#include "config/parse.hpp"
#include "model/defaults.hpp"
#include "model/rules.hpp"

namespace nlb::config {

std::string Problem::text(std::string_view label) const {
    std::string out = file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": ";
    out += label;
    out += path;
    if (value) out += " = " + in_quotes(*value);
    if (!path.empty()) out += ": ";
    return out + allowed;
}

Result<Loaded, Problems> load(std::string_view text, std::string_view file, Problems* warnings) {
    const auto root = parse(text);
    if (!root) {
        return Failure<Problems>(
            {{std::string(file), root.error().at, "", std::nullopt, root.error().what}});
    }
    Loaded loaded;
    model::Configuration& configuration = loaded.configuration;
    configuration.vpc.cidrs = model::default_vpc_cidrs();
    Ledger ledger(file);
    Reader reader(ledger, *root, {});
    fields(reader, configuration);
    reader.finish();
    complete(configuration, *root);
    const model::Findings findings = model::check(configuration);
    ledger.take_findings(findings.errors, *root);
    Ledger advice(file, ledger);
    advice.take_findings(findings.warnings, *root);
    loaded.warnings = advice.take();
    if (warnings != nullptr) *warnings = loaded.warnings;
    if (!ledger.empty()) return Failure<Problems>(ledger.take());
    return loaded;
}

} // namespace nlb::config
