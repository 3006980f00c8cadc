// SPDX-License-Identifier: Apache-2.0
// Signature Version 4 of a request to S3, all headers signed. libcurl can do it, too, but 7.88
// sorts headers wrongly when the name of one begins with that of another, as those of SSE-KMS do.
// [AWS: Authenticating Requests (AWS Signature Version 4), Signature Calculations]
#pragma once

#include "delivery/credentials.hpp"

#include "base/time.hpp"

#include <map>
#include <string>
#include <string_view>

namespace nlb::delivery {

struct SignableRequest {
    std::string method;
    std::string path; ///< percent-encoded, with its first slash; no query
    /// By lower-case name, without blanks around values; has host, x-amz-date and
    /// x-amz-content-sha256.
    std::map<std::string, std::string> headers;
};

/// "20130524T000000Z", for x-amz-date.
std::string amz_date(WallTime time);

/// The value of the Authorization header.
std::string authorization(const SignableRequest& request, std::string_view region,
                          const Credentials& credentials);

} // namespace nlb::delivery
