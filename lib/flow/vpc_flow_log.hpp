// SPDX-License-Identifier: Apache-2.0
// Records in the default format (version 2) of VPC flow logs, which network tools read.
// [AWS: VPC user guide, Flow log records]
#pragma once

#include "base/ip.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace nlb::flow {

/// Packets of one direction of a connection, as the node received them.
struct VpcFlowRecord {
    Endpoint source;
    Endpoint destination;
    std::uint8_t protocol = 0; ///< IANA number
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;  ///< IP headers included
    std::int64_t start_s = 0; ///< Unix time
    std::int64_t end_s = 0;
    bool is_accepted = true; ///< false: the connection was refused
};

/// The names of the fields, as the first line of a file.
constexpr std::string_view kVpcFlowLogHeader =
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start "
    "end action log-status\n";

/// One line. A node knows neither accounts nor network interfaces by their ids: they are "-".
std::string vpc_flow_log_line(const VpcFlowRecord& record);

} // namespace nlb::flow
