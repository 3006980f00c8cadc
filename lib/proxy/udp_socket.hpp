// SPDX-License-Identifier: Apache-2.0
// The UDP sockets of the datapath and what their error queues say.
#pragma once

#include "io/fd.hpp"
#include "proxy/udp_address.hpp"

#include <optional>

namespace nlb::proxy {

/// Datagrams of a flow that came together are read together, losses are told of, and there is room
/// for many. Old kernels know neither of the first two: then each comes alone.
void prefer_joined(int fd);

/// A socket that leads to targets, bound to `source` or, without one, to any address of the family;
/// the kernel gives it a port. `error`: errno when there is none.
io::Fd udp_target_socket(const std::optional<io::SocketAddress>& source, bool v4, int& error);

/// One that is bound to the address and port of a client (IP_TRANSPARENT [ip(7)]). EADDRINUSE: a
/// socket of this host has them, its own or that of another flow.
io::Fd udp_client_socket(const UdpAddress& client, int& error);

/// What an ICMP error says of a datagram that was sent.
struct UdpError {
    UdpAddress to;  ///< where the datagram went
    int number = 0; ///< errno: ECONNREFUSED, EHOSTUNREACH, ...
};

/// The next of a socket that leads to targets.
std::optional<UdpError> next_error(int fd);

} // namespace nlb::proxy
