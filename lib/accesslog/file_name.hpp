// SPDX-License-Identifier: Apache-2.0
// Where access log files lie and what they are called. [AWS: Access log files, p.80]
#pragma once

#include "base/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nlb::accesslog {

/// A file covers so long; intervals begin at full five minutes of the clock.
constexpr std::int64_t kIntervalMs = 300'000;

/// End of the interval that contains `time`; its first moment belongs to it, its end does not.
constexpr WallTime interval_end(WallTime time) {
    return {(time.unix_ms / kIntervalMs + 1) * kIntervalMs};
}

/// Whether `id` can stand in a file name: 1 to 128 letters, digits, "-", "_", "." and "/".
bool is_resource_id(std::string_view id);

enum class LogKind : std::uint8_t {
    Access, ///< entries of TLS connections
    Flow,   ///< records of VPC flow logs, whose files lie and are named alike
};

/// What a file holds, for its name.
struct FileLabel {
    LogKind kind = LogKind::Access;
    std::string account;       ///< twelve digits
    std::string region;        ///< "local-1"
    std::string load_balancer; ///< id: is_resource_id()
    WallTime end;              ///< of its interval
    std::string random;        ///< tells the files of one interval apart

    bool operator==(const FileLabel&) const = default;
};

/// "ACCOUNT_elasticloadbalancing_REGION_net.NAME.HASH_20181220T2340Z_RANDOM.log" and `suffix`.
std::string file_name(const FileLabel& label, std::string_view suffix);

/// The end of the interval in such a name, whatever its suffix; nothing when it is no such name.
std::optional<WallTime> end_in_file_name(std::string_view name);

/// Whether a file of this name holds records of VPC flow logs: "ACCOUNT_vpcflowlogs_..."
bool is_flow_log_name(std::string_view name);

/// "[PREFIX/]AWSLogs/ACCOUNT/"
std::string account_folder(std::string_view account, std::string_view prefix);

/// "[PREFIX/]AWSLogs/ACCOUNT/elasticloadbalancing/REGION/yyyy/mm/dd/", the day of delivery.
std::string file_folder(const FileLabel& label, std::string_view prefix, WallTime delivered);

} // namespace nlb::accesslog
