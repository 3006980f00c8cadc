// SPDX-License-Identifier: Apache-2.0
// The texts of the S3 interface, without a connection: names, addresses, answers, policies.
// [AWS: Amazon S3 API reference; AWS: Bucket requirements, p.83]
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace nlb::delivery {

/// 3 to 63 lower-case letters, digits, dots and hyphens; a letter or digit at either end.
bool is_bucket_name(std::string_view name);

/// Percent-encodes every byte that is neither unreserved nor "/": what is signed is what is sent.
std::string encode_key(std::string_view key);

struct Endpoint {
    std::string base;        ///< "https://s3.eu-west-1.amazonaws.com", without a slash at its end
    bool path_style = false; ///< the bucket is part of the path, not of the host name
};

/// `url` as given, or the public one of `region` when it is empty. A host that is an address or
/// localhost cannot have names below it, so it is path-style anyway. Errors: Usage when it is no
/// http or https URL without a path.
Result<Endpoint> parse_endpoint(std::string_view url, std::string_view region, bool path_style);

/// URL of an object; of the bucket itself for an empty key.
std::string object_url(const Endpoint& endpoint, std::string_view bucket, std::string_view key);

/// What an answer with this status and body says: "404 NoSuchBucket: The specified bucket ...".
std::string answer_text(long status, std::string_view body);

/// The content of the first element <name> of `body` that has no elements in it; empty without one.
std::string_view element(std::string_view body, std::string_view name);

struct PolicyOptions {
    std::string bucket;
    std::string prefix;
    std::string account;
    std::string region;
    std::string principal; ///< ARN of who delivers; empty: the service of AWS
};

/// The policy that lets `principal` deliver into the bucket, as JSON.
std::string bucket_policy(const PolicyOptions& options);

/// The policy of a KMS key that lets `principal` encrypt logs with it, as JSON.
std::string key_policy(const PolicyOptions& options);

} // namespace nlb::delivery
