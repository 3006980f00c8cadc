// SPDX-License-Identifier: Apache-2.0
// Transport: what comes by a listening socket. A TCP_UDP listener has sockets of both.
#pragma once

#include "l4/l4_abi.h"

#include <cstdint>

namespace nlb::proxy {

enum class Transport : std::uint8_t { Tcp, Udp };

constexpr std::uint8_t protocol_of(Transport transport) {
    return transport == Transport::Udp ? NLB_PROTOCOL_UDP : NLB_PROTOCOL_TCP;
}

} // namespace nlb::proxy
