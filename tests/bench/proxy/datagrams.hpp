// SPDX-License-Identifier: Apache-2.0
// UDP load with several datagrams of a flow under way. Many are read and sent with one call, so
// that little of a CPU goes here.
#pragma once

#include <netinet/in.h>

/// Sends back what waits at a non-blocking socket.
void echo_datagrams(int fd);

/// 4 datagrams of each flow at a time; prints one JSON line: answers, and how long those to a
/// window took in microseconds.
void load_datagrams(const sockaddr_in& address, int flows, double seconds);
