// SPDX-License-Identifier: Apache-2.0
// nlb-logs collect: entries become log files.
#include "collect.hpp"

#include "commands.hpp"

#include <memory>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

accesslog::Form form_of(const CollectOptions& options) {
    return options.form == "strict" ? accesslog::Form::Strict : accesslog::Form::Current;
}

accesslog::TrafficType traffic_type_of(const CollectOptions& options) {
    using accesslog::TrafficType;
    if (options.traffic_type == "ALL") return TrafficType::All;
    if (options.traffic_type == "ACCEPT") return TrafficType::Accept;
    return options.traffic_type == "REJECT" ? TrafficType::Reject : TrafficType::None;
}

compress::Method method_of(const CollectOptions& options, compress::Method preset) {
    if (options.compress == "gzip") return compress::Method::Gzip;
    if (options.compress == "zstd") return compress::Method::Zstd;
    return options.compress == "none" ? compress::Method::None : preset;
}

namespace {

Result<int> collect(app::Context& context, const CollectOptions& options) {
    const bool has_destination =
        !options.directory.empty() || !options.bucket.empty() || !options.config.empty();
    return has_destination ? collect_to_files(context, options)
                           : collect_to_output(context, options);
}

} // namespace

namespace {

void declare_destination(app::Options& declare, CollectOptions& o) {
    declare.text("--directory", o.directory, {"DIR"}, "Log files go below DIR");
    declare.number("--retention-days", o.retention_days, {0, 36'500}, {"DAYS"},
                   "Remove files of --directory that are older (default: 0, never)");
    declare.text("--bucket", o.bucket, {"NAME"}, "Log files go to this bucket");
    declare.text("--config", o.config, {"FILE"},
                 "The access_logs attributes of nlb.toml(5) decide; read again on SIGHUP");
    declare.text("--account", o.account, {"DIGITS"}, "Account in file names");
    declare.text("--region", o.region, {"NAME"}, "Region in file names");
    declare.text("--prefix", o.prefix, {"PREFIX"}, "Folder above AWSLogs");
    declare.text("--endpoint", o.endpoint, {"URL"},
                 "Where buckets are (default: $AWS_ENDPOINT_URL, then AWS)");
    declare.flag("--path-style", o.path_style, "The bucket is part of the path of a URL");
    declare.flag("--create-bucket", o.create_bucket, "Make a bucket that does not exist");
    declare.choice("--sse", o.sse, {"AES256", "aws:kms"}, {"METHOD"},
                   "Server-side encryption: AES256 (SSE-S3) or aws:kms (SSE-KMS)");
    declare.text("--sse-kms-key-id", o.sse_kms_key_id, {"ID"}, "Customer key, with --sse aws:kms");
}

void declare_rest(app::Options& declare, CollectOptions& o) {
    declare.texts("--input", o.inputs, {"SOURCE"},
                  "Messages and finished entries: - (standard input, the default), or unix:NAME to "
                  "listen there; may be given again");
    declare.text("--spool", o.spool, {"DIR"},
                 "Where entries wait until they are delivered (default: .spool in --directory)");
    declare.number("--spool-limit", o.spool_limit_mib, {1, 1U << 24U}, {"MIB"},
                   "No more is taken while the spool is that large (default: 1024)");
    declare.number("--counters-interval", o.counters_interval_seconds, {0, 86'400}, {"SECONDS"},
                   "Between counter lines on standard output, also written at the end (default: 0, "
                   "none)");
    declare.choice("--sync", o.sync, {"always", "never"}, {"WHEN"},
                   "Whether an acknowledged entry survives a loss of power: always (default), or "
                   "never");
    declare.choice("--compress", o.compress, {"gzip", "zstd", "none"}, {"METHOD"},
                   "Of files: gzip (default), zstd or none");
    declare.text("--encrypt-to", o.encrypt_to, {"FILE"},
                 "Encrypt files to the owner of this certificate (PEM)");
    declare.choice("--form", o.form, {"current", "strict"}, {"FORM"},
                   "Of entries made from messages: current (22 fields, the default) or strict "
                   "(the 21 of 2023)");
    declare.choice("--traffic-type", o.traffic_type, {"ALL", "ACCEPT", "REJECT"}, {"TYPE"},
                   "Flows that get VPC flow log records: ALL, ACCEPT or REJECT (default: none do)");
}

} // namespace

app::Command collect_command() {
    return {"collect", "Write the entries of connections that ended to log files",
            [](app::Options& declare) {
                auto options = std::make_shared<CollectOptions>();
                declare_destination(declare, *options);
                declare_rest(declare, *options);
                return [options](app::Context& context) { return collect(context, *options); };
            }};
}
