// SPDX-License-Identifier: Apache-2.0
// rtnetlink(7): a request and its answer, and a socket that hears of changes.
#pragma once

#include "io/fd.hpp"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstdint>
#include <span>
#include <vector>

namespace nlb::kernel {

/// A request with attributes behind its header.
class NetlinkRequest {
  public:
    template <class Header>
    NetlinkRequest(std::uint16_t type, std::uint16_t flags, const Header& header)
        : NetlinkRequest(type, flags, &header, sizeof(Header)) {}

    void add(std::uint16_t type, const void* data, std::size_t size);

    [[nodiscard]] std::span<const std::uint8_t> bytes() const { return bytes_; }

  private:
    NetlinkRequest(std::uint16_t type, std::uint16_t flags, const void* header, std::size_t size);
    void append(const void* data, std::size_t size);
    void set_length();

    std::vector<std::uint8_t> bytes_;
};

/// The first message that answers `request`; of an acknowledgment nothing. Errors: System, with
/// the kernel's error number.
Result<std::vector<std::uint8_t>> ask(const NetlinkRequest& request);

/// Every message of a dump (NLM_F_DUMP), without the one that ends it. Errors: as ask().
Result<std::vector<std::vector<std::uint8_t>>> ask_all(const NetlinkRequest& request);

/// The attribute `type` among `bytes`; empty when it is not there.
std::span<const std::uint8_t> attribute(std::span<const std::uint8_t> bytes, unsigned type);

/// A socket that becomes readable when a route, a neighbor, an address or a link changed.
Result<io::Fd> watch_routing();

/// Reads what came and forgets it. True when there was something, or something was missed.
bool drain(int fd);

} // namespace nlb::kernel
