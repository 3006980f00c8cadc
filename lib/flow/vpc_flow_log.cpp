// SPDX-License-Identifier: Apache-2.0
#include "flow/vpc_flow_log.hpp"

namespace nlb::flow {

std::string vpc_flow_log_line(const VpcFlowRecord& record) {
    std::string line = "2 - -";
    const auto put = [&](std::string_view field) {
        line += ' ';
        line += field;
    };
    put(record.source.address.text());
    put(record.destination.address.text());
    put(std::to_string(record.source.port));
    put(std::to_string(record.destination.port));
    put(std::to_string(record.protocol));
    put(std::to_string(record.packets));
    put(std::to_string(record.bytes));
    put(std::to_string(record.start_s));
    put(std::to_string(record.end_s));
    put(record.is_accepted ? "ACCEPT" : "REJECT");
    put("OK");
    line += '\n';
    return line;
}

} // namespace nlb::flow
