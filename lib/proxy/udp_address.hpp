// SPDX-License-Identifier: Apache-2.0
// UdpAddress: an IPv4 or IPv6 address and port as the socket calls write them, in the room that
// they need: recvmmsg() fills it and sendmmsg() reads it without a conversion between.
#pragma once

#include "io/socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>

namespace nlb::proxy {

class UdpAddress {
  public:
    UdpAddress() = default;

    explicit UdpAddress(const io::SocketAddress& address) {
        std::memcpy(&raw_, &address.storage, sizeof raw_);
    }

    [[nodiscard]] bool is_v4() const { return raw_.sin6_family == AF_INET; }

    [[nodiscard]] void* data() { return &raw_; }

    [[nodiscard]] const void* data() const { return &raw_; }

    [[nodiscard]] socklen_t length() const {
        return is_v4() ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    }

    [[nodiscard]] Endpoint endpoint() const {
        io::SocketAddress full;
        std::memcpy(&full.storage, &raw_, sizeof raw_);
        return full.endpoint();
    }

    [[nodiscard]] bool has_same_address(const UdpAddress& other) const {
        const Words a = words();
        const Words b = other.words();
        return is_v4() == other.is_v4() && a.high == b.high && a.low == b.low;
    }

    /// Address, port and, of a link-local IPv6 address, its link in three words; never the same for
    /// two addresses.
    struct Words {
        std::uint64_t high = 0;
        std::uint64_t low = 0;
        std::uint64_t rest = 0;
    };

    [[nodiscard]] Words words() const {
        Words words;
        if (is_v4()) {
            sockaddr_in v4{};
            std::memcpy(&v4, &raw_, sizeof v4);
            words.low = v4.sin_addr.s_addr;
            words.rest = v4.sin_port;
            return words;
        }
        std::memcpy(&words.high, &raw_.sin6_addr, sizeof words.high);
        std::memcpy(&words.low, &raw_.sin6_addr.s6_addr[8], sizeof words.low);
        words.rest = std::uint64_t{raw_.sin6_port} | std::uint64_t{1} << 16U |
                     std::uint64_t{raw_.sin6_scope_id} << 32U;
        return words;
    }

    bool operator==(const UdpAddress& other) const {
        const Words a = words();
        const Words b = other.words();
        return a.high == b.high && a.low == b.low && a.rest == b.rest;
    }

  private:
    sockaddr_in6 raw_{}; // room for a sockaddr_in, too: the family lies at the same place
};

} // namespace nlb::proxy
