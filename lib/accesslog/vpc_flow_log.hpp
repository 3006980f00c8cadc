// SPDX-License-Identifier: Apache-2.0
// Records in the default format (version 2) of VPC flow logs, which network tools read, made of
// flow messages. [AWS: VPC user guide, Flow log records]
#pragma once

#include "contract/messages.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace nlb::accesslog {

/// The names of the fields: the first line of a file.
constexpr std::string_view kVpcFlowLogHeader =
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start "
    "end action log-status\n";

/// Which flows have records, in the words of create-flow-logs.
enum class TrafficType : std::uint8_t { None, All, Accept, Reject };

/// A flow of which nobody said whether it was accepted is wanted with All only.
bool is_wanted(TrafficType type, const contract::Flow& flow);

/// Why the message cannot have records: a port that is none, or an end beyond the year 9999. Empty:
/// it can.
std::string_view problem_of(const contract::Flow& flow);

/// Appends a record of what came from the client and, when the address of a target is told,
/// one of what came from it. What the message does not tell is "-"; so are account and interface,
/// which it never does. Sockets see payload only: each packet is reckoned with the headers it
/// usually has, of TCP with timestamps. The message must have no problem_of().
void append_vpc_flow_records(const contract::Flow& flow, std::string& out);

} // namespace nlb::accesslog
