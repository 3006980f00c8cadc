// SPDX-License-Identifier: Apache-2.0
// UdpInbound: datagrams as they are read, many with one call. They stay where they are until they
// are sent on, so nothing is copied in between.
#pragma once

#include "proxy/udp_address.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace nlb::proxy {

/// Datagrams of one sender that the kernel handed over together (UDP_GRO [udp(7)]), or a single
/// one.
struct UdpRead {
    UdpAddress from;
    const char* data = nullptr;
    std::uint32_t bytes = 0;   ///< of all
    std::uint32_t segment = 0; ///< of each but the last, which may be shorter; `bytes` if single
    std::uint32_t lost = 0;    ///< total that the socket's queue had no room for; 0: not said
};

inline std::uint32_t datagrams_in(const UdpRead& read) {
    return read.bytes <= read.segment ? 1 : (read.bytes + read.segment - 1) / read.segment;
}

class UdpInbound {
  public:
    UdpInbound();

    /// Reads what waits, as far as there is room. Valid until clear(). Empty: nothing waits, or
    /// `error` says what is wrong.
    std::span<const UdpRead> receive(int fd, int& error);

    /// Messages that fit in now.
    [[nodiscard]] std::size_t room() const { return kMost - used_; }

    void clear();

    static constexpr std::size_t kMost = 64;

  private:
    /// The longest datagram, or the most that the kernel joins, fits: nothing is ever cut off. The
    /// rest keeps the beginnings of the places apart in the processor's caches.
    static constexpr std::size_t kPlace = 65'536 + 192;

    struct alignas(cmsghdr) Control {
        std::array<char, CMSG_SPACE(sizeof(int)) * 2> bytes{}; // UDP_GRO and SO_RXQ_OVFL
    };

    void make_ready(std::size_t place);
    void note(std::size_t place);

    std::unique_ptr<char[]> places_; // memory that was never used costs nothing
    std::array<UdpRead, kMost> reads_{};
    std::array<mmsghdr, kMost> headers_{};
    std::array<iovec, kMost> vectors_{};
    std::array<Control, kMost> controls_{};
    std::size_t used_ = 0;
};

} // namespace nlb::proxy
