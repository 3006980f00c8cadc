// SPDX-License-Identifier: Apache-2.0
// Requests at a steady rate, for the program load.
#pragma once

struct sockaddr_in;

/// Prints what load.cpp prints: 5,000 requests a second of 64 bytes over so many connections, each
/// in its turn. A latency counts from when the request was due, not from when it could be sent; a
/// connection that still waits for its last answer then has failed.
void load_paced(const sockaddr_in& address, int connections, double seconds);
