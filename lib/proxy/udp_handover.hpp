// SPDX-License-Identifier: Apache-2.0
// UDP flows on their way from one process to the next, with the sockets that lead to their targets:
// a target sees no change, and what waits in a socket waits on.
#pragma once

#include "io/fd.hpp"
#include "proxy/routing.hpp"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace nlb::proxy {

struct HandedFlow {
    std::uint32_t slot = 0; ///< of the socket that the client's datagrams come by, in its worker
    std::size_t socket = 0; ///< which of the listener's sockets that is
    Endpoint client;
    std::shared_ptr<const FlowLabel> label;
    std::size_t leads_by = 0; ///< number of a socket that leads to targets
    std::int64_t age_ms = 0;
    std::int64_t idle_ms = 0;
    std::uint64_t client_bytes = 0;
    std::uint64_t target_bytes = 0;
    std::uint64_t client_datagrams = 0;
    std::uint64_t target_datagrams = 0;
};

/// All of a worker, which has none any more, or for one.
struct UdpHandover {
    std::size_t worker = 0;
    std::vector<HandedFlow> flows;
    std::vector<std::pair<std::size_t, io::Fd>> sockets; ///< by the number that flows say
};

} // namespace nlb::proxy
