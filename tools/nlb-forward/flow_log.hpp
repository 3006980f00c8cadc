// SPDX-License-Identifier: Apache-2.0
// The file of --vpc-flow-log: two records a connection, one of what came from the client, one of
// what came from the target.
#pragma once

#include "io/fd.hpp"
#include "proxy/outbox.hpp"

#include "flow/vpc_flow_log.hpp"

#include <string>
#include <vector>

/// Of one connection: front and back.
using VpcFlowRecords = std::vector<nlb::flow::VpcFlowRecord>;

/// Sockets know the payload and the number of packets: headers are reckoned with the length that
/// they usually have. Without a target only the front.
VpcFlowRecords vpc_records(const nlb::proxy::FlowRecord& record);

class FlowLog {
  public:
    /// Appends to `path`; an empty file begins with the names of the fields. Errors: System.
    static nlb::Result<FlowLog> open(const std::string& path);

    void put(const VpcFlowRecords& records);

    /// Errors: System; what could not be written is lost.
    nlb::Result<void> flush();

  private:
    FlowLog(nlb::io::Fd file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

    nlb::io::Fd file_;
    std::string path_;
    std::string lines_;
};
