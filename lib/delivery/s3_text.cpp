// SPDX-License-Identifier: Apache-2.0
#include "delivery/s3_text.hpp"

#include "accesslog/entry_line.hpp"

#include "base/ip.hpp"
#include "base/text.hpp"
#include "contract/json.hpp"

#include <algorithm>

namespace nlb::delivery {

bool is_bucket_name(std::string_view name) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return name.size() >= 3 && name.size() <= 63 && is_letter(name.front()) &&
           is_letter(name.back()) && std::all_of(name.begin(), name.end(), [&](char c) {
               return is_letter(c) || c == '-' || c == '.';
           });
}

std::string encode_key(std::string_view key) {
    return accesslog::url_encoded(key);
}

Result<Endpoint> parse_endpoint(std::string_view url, std::string_view region, bool path_style) {
    if (url.empty())
        return Endpoint{"https://s3." + std::string(region) + ".amazonaws.com", path_style};
    while (url.ends_with('/'))
        url.remove_suffix(1);
    const std::size_t scheme = url.find("://");
    const std::string_view host =
        scheme == std::string_view::npos ? std::string_view() : url.substr(scheme + 3);
    const bool is_host = !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
        return c > ' ' && c < '\x7f' && c != '/' && c != '?' && c != '#' && c != '@' && c != '"';
    });
    if ((!url.starts_with("http://") && !url.starts_with("https://")) || !is_host)
        return fail(Errc::Usage, "--endpoint " + in_quotes(url) +
                                     " must be http://HOST[:PORT] or https://HOST[:PORT]");
    const std::string_view name = host.substr(0, host.rfind(':'));
    const bool has_no_names =
        host.starts_with('[') || name == "localhost" || IpAddress::parse(name).has_value();
    return Endpoint{std::string(url), path_style || has_no_names};
}

std::string object_url(const Endpoint& endpoint, std::string_view bucket, std::string_view key) {
    std::string url = endpoint.base;
    if (endpoint.path_style)
        url += '/' + std::string(bucket);
    else
        url.insert(url.find("://") + 3, std::string(bucket) + '.');
    return url + '/' + encode_key(key);
}

std::string_view element(std::string_view body, std::string_view name) {
    const std::string open = '<' + std::string(name) + '>';
    const std::size_t begin = body.find(open);
    if (begin == std::string_view::npos) return {};
    const std::string_view rest = body.substr(begin + open.size());
    const std::size_t end = rest.find('<');
    return end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
}

std::string answer_text(long status, std::string_view body) {
    const auto printable = [](std::string_view text) {
        constexpr std::size_t kMost = 200;
        std::string safe(text.substr(0, kMost));
        std::replace_if(
            safe.begin(), safe.end(), [](char c) { return c < ' ' || c >= '\x7f'; }, '?');
        return safe;
    };
    std::string text = std::to_string(status);
    if (const auto code = element(body, "Code"); !code.empty()) text += ' ' + printable(code);
    if (const auto what = element(body, "Message"); !what.empty()) text += ": " + printable(what);
    return text;
}

// ---- policies ---------------------------------------------------------------------------------

namespace {

std::string json(std::string_view text) {
    std::string out;
    contract::append_json_string(text, out);
    return out;
}

std::string principal_of(const PolicyOptions& options) {
    if (!options.principal.empty()) return "{ \"AWS\": " + json(options.principal) + " }";
    return R"({ "Service": "delivery.logs.amazonaws.com" })";
}

/// What only the service of AWS says of itself: whose resources it writes for.
std::string source_conditions(const PolicyOptions& options) {
    if (!options.principal.empty()) return {};
    return "\"aws:SourceAccount\": [" + json(options.account) + "]";
}

std::string like_condition(const PolicyOptions& options) {
    if (!options.principal.empty()) return {};
    return ",\n        \"ArnLike\": { \"aws:SourceArn\": [" +
           json("arn:aws:logs:" + options.region + ":" + options.account + ":*") + "] }";
}

} // namespace

std::string bucket_policy(const PolicyOptions& options) {
    const std::string bucket = "arn:aws:s3:::" + options.bucket;
    const std::string objects = bucket + '/' +
                                (options.prefix.empty() ? "" : options.prefix + '/') + "AWSLogs/" +
                                options.account + "/*";
    const std::string source = source_conditions(options);
    std::string check = source.empty() ? ""
                                       : ",\n      \"Condition\": {\n        \"StringEquals\": { " +
                                             source + " }" + like_condition(options) + "\n      }";
    return R"({
  "Version": "2012-10-17",
  "Id": "AWSLogDeliveryWrite",
  "Statement": [
    {
      "Sid": "AWSLogDeliveryAclCheck",
      "Effect": "Allow",
      "Principal": )" +
           principal_of(options) + R"(,
      "Action": "s3:GetBucketAcl",
      "Resource": )" +
           json(bucket) + check + R"(
    },
    {
      "Sid": "AWSLogDeliveryWrite",
      "Effect": "Allow",
      "Principal": )" +
           principal_of(options) + R"(,
      "Action": "s3:PutObject",
      "Resource": )" +
           json(objects) + R"(,
      "Condition": {
        "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control")" +
           (source.empty() ? "" : ", " + source) + " }" + like_condition(options) + R"(
      }
    }
  ]
}
)";
}

std::string key_policy(const PolicyOptions& options) {
    return R"({
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": )" +
           principal_of(options) + R"(,
      "Action": [
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:ReEncrypt*",
        "kms:GenerateDataKey*",
        "kms:DescribeKey"
      ],
      "Resource": "*"
    }
  ]
}
)";
}

} // namespace nlb::delivery
