// SPDX-License-Identifier: Apache-2.0
// The UDP sockets of the datapath and what their error queues say.
#pragma once

#include "io/fd.hpp"
#include "proxy/udp_address.hpp"

#include <optional>
#include <vector>

namespace nlb::proxy {

/// One socket for each of `count` workers, all bound to `address`. The kernel spreads flows over
/// them by a hash of both ends (SO_REUSEPORT), so a flow stays with its worker as long as the
/// number of sockets does. What they send leaves from `address`. Another process that has the
/// address is EADDRINUSE, also when it would share. Errors: System with errno.
Result<std::vector<io::Fd>> udp_listening_sockets(const Endpoint& address, std::size_t count);

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
