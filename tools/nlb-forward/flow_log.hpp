// SPDX-License-Identifier: Apache-2.0
// The file of --vpc-flow-log: the records that nlb-logs collect makes of the same flow lines.
#pragma once

#include "io/fd.hpp"

#include "contract/messages.hpp"

#include <string>

class FlowLog {
  public:
    /// Appends to `path`; an empty file begins with the names of the fields. Errors: System.
    static nlb::Result<FlowLog> open(const std::string& path);

    void put(const nlb::contract::Flow& flow);

    /// Errors: System; what could not be written is lost.
    nlb::Result<void> flush();

  private:
    FlowLog(nlb::io::Fd file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

    nlb::io::Fd file_;
    std::string path_;
    std::string lines_;
};
