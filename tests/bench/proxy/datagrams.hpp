// SPDX-License-Identifier: Apache-2.0
// UDP load with several datagrams of a flow under way. Many are read and sent with one call, so
// that little of a CPU goes here.
#pragma once

#include <netinet/in.h>

/// From here on a read of the socket may hold several datagrams [udp(7), UDP_GRO].
void join_datagrams(int fd);

/// Sends back what waits at a non-blocking socket.
void echo_datagrams(int fd);

/// 4 datagrams of each flow at a time; prints one JSON line: answers, and how long those to a
/// window took in microseconds. `as_segments`: four travel as one message that the kernel cuts, and
/// answers are read joined, as ends do that speak QUIC.
void load_datagrams(const sockaddr_in& address, int flows, double seconds, bool as_segments);
