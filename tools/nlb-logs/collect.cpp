// SPDX-License-Identifier: Apache-2.0
// nlb-logs collect: entries become log files.
#include "collect.hpp"

#include "commands.hpp"

#include <memory>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

accesslog::Form form_of(const CollectOptions& options) {
    return options.form == "strict" ? accesslog::Form::Strict : accesslog::Form::Current;
}

compress::Method method_of(const CollectOptions& options, compress::Method preset) {
    if (options.compress == "gzip") return compress::Method::Gzip;
    if (options.compress == "zstd") return compress::Method::Zstd;
    return options.compress == "none" ? compress::Method::None : preset;
}

namespace {

Result<int> collect(app::Context& context, const CollectOptions& options) {
    if (!options.directory.empty()) return collect_to_files(context, options);
    return collect_to_output(context, options);
}

} // namespace

app::Command collect_command() {
    return {"collect", "Write the entries of connections that ended to log files",
            [](app::Options& declare) {
                auto o = std::make_shared<CollectOptions>();
                declare.texts("--input", o->inputs, {"SOURCE"},
                              "Messages and finished entries: - (standard input, the default), or "
                              "unix:NAME to listen there; may be given again");
                declare.text("--directory", o->directory, {"DIR"},
                             "Log files go below DIR (without it: entries to standard output)");
                declare.text(
                    "--config", o->config, {"FILE"},
                    "The access_logs attributes of nlb.toml(5) decide; read again on SIGHUP");
                declare.text("--account", o->account, {"DIGITS"}, "Account in file names");
                declare.text("--region", o->region, {"NAME"}, "Region in file names");
                declare.text("--prefix", o->prefix, {"PREFIX"}, "Folder above AWSLogs");
                declare.text("--spool", o->spool, {"DIR"},
                             "Where entries wait until they are delivered (default: .spool in "
                             "--directory)");
                declare.number("--spool-limit", o->spool_limit_mib, {1, 1U << 24U}, {"MIB"},
                               "No more is taken while the spool is that large (default: 1024)");
                declare.choice("--sync", o->sync, {"always", "never"}, {"WHEN"},
                               "Whether an acknowledged entry survives a loss of power: always "
                               "(default), or never");
                declare.choice("--compress", o->compress, {"gzip", "zstd", "none"}, {"METHOD"},
                               "Of files: gzip (default), zstd or none");
                declare.choice("--form", o->form, {"current", "strict"}, {"FORM"},
                               "Of entries made from messages: current (22 fields, the default) or "
                               "strict (the 21 of 2023)");
                return [o](app::Context& context) { return collect(context, *o); };
            }};
}
