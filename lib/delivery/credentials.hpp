// SPDX-License-Identifier: Apache-2.0
// Who we are towards a bucket: from the environment, or from the files that the AWS tools share.
// [AWS SDKs and Tools reference: environment variables, shared config and credentials files]
#pragma once

#include "base/result.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nlb::delivery {

struct Credentials {
    std::string access_key_id;
    std::string secret_access_key;
    std::string session_token; ///< empty: none
    std::string source;        ///< "the environment", or the file, for messages
};

using Profile = std::map<std::string, std::string, std::less<>>;

/// The settings of the first section called `name` in an INI text of such a file; nothing without
/// one. "[profile NAME]" is the same as "[NAME]". What is no setting is skipped.
std::optional<Profile> find_profile(std::string_view text, std::string_view name);

/// Value of a variable; empty when it is not set.
using Environment = std::function<std::string(const char* name)>;

/// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (with AWS_SESSION_TOKEN), else the profile
/// AWS_PROFILE (default: "default") of AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials), else of
/// AWS_CONFIG_FILE (~/.aws/config). Read anew each time: keys change while we run. Errors: Usage
/// when there are none, or half of them.
Result<Credentials> find_credentials(const Environment& environment);

/// The two files of find_credentials(), whether they exist or not.
std::vector<std::string> credential_files(const Environment& environment);

/// AWS_REGION, AWS_DEFAULT_REGION, or the region of the profile; empty when nothing says.
std::string find_region(const Environment& environment);

} // namespace nlb::delivery
