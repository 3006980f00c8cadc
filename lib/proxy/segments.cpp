// SPDX-License-Identifier: Apache-2.0
#include "proxy/segments.hpp"

// Not netinet/tcp.h, whose tcp_info ends before the member.
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace nlb::proxy {

std::uint32_t segments_in(int fd) {
    tcp_info info{};
    socklen_t length = sizeof info;
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return 0;
    return info.tcpi_segs_in;
}

} // namespace nlb::proxy
