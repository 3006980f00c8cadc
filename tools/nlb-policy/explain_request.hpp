// SPDX-License-Identifier: Apache-2.0
// What becomes of one request to a running balancer, line by line.
#pragma once

#include "flow/tables.hpp"
#include "route/status.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace nlb::policy {

struct RequestQuestion {
    Endpoint client; ///< port 0: any
    Endpoint listener;
    std::optional<std::uint32_t> sequence; ///< of the SYN; none: any
};

struct RequestAnswer {
    std::string text;  ///< lines
    bool goes = false; ///< some target takes it
};

/// `tables` are those of the status. Where the question leaves open what the flow hash is taken of,
/// the answer names every target that may be chosen, and its share.
RequestAnswer explain_request(const route::Status& status, const flow::Tables& tables,
                              const RequestQuestion& question);

} // namespace nlb::policy
