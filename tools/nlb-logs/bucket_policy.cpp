// SPDX-License-Identifier: Apache-2.0
// nlb-logs bucket-policy: what a bucket and its key must allow.
#include "commands.hpp"
#include "delivery/s3_text.hpp"

#include "base/text.hpp"
#include "model/configuration.hpp"

#include <memory>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

struct Options {
    delivery::PolicyOptions policy;
    bool key = false;
};

Result<int> print_policy(const Options& options) {
    if (!delivery::is_bucket_name(options.policy.bucket))
        return fail(Errc::Usage, "BUCKET " + in_quotes(options.policy.bucket) +
                                     " must be 3 to 63 lower-case letters, digits, dots and "
                                     "hyphens");
    const auto printed = app::print(options.key ? delivery::key_policy(options.policy)
                                                : delivery::bucket_policy(options.policy));
    if (!printed) return tl::unexpected<Error>(printed.error());
    return app::kDone;
}

} // namespace

app::Command bucket_policy_command() {
    return {"bucket-policy", "Print the policy that lets log files be put into a bucket",
            [](app::Options& declare) {
                auto o = std::make_shared<Options>();
                const model::Configuration presets;
                o->policy.account = presets.account;
                o->policy.region = presets.region;
                declare.text("BUCKET", o->policy.bucket, {"", true}, "Name of the bucket");
                declare.text("--prefix", o->policy.prefix, {"PREFIX"}, "Folder above AWSLogs");
                declare.text("--account", o->policy.account, {"DIGITS"}, "Account in file names");
                declare.text("--region", o->policy.region, {"NAME"}, "Region of the logs");
                declare.text("--principal", o->policy.principal, {"ARN"},
                             "Who delivers (default: the log delivery service of AWS)");
                declare.flag("--key", o->key, "The policy of the KMS key instead");
                return [o](app::Context&) { return print_policy(*o); };
            }};
}
