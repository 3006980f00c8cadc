// SPDX-License-Identifier: Apache-2.0
#include "proxy/udp_socket.hpp"

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace nlb::proxy {

namespace {

constexpr int kQueueBytes = 4 << 20; // asked for; net.core.rmem_max decides

int set(int fd, int level, int option, int value) {
    return ::setsockopt(fd, level, option, &value, sizeof value);
}

io::Fd udp_socket(bool v4) {
    return io::Fd(::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

io::Fd target_socket(const UdpAddress& source, bool is_of_client, int& error) {
    const bool v4 = source.is_v4();
    io::Fd socket = udp_socket(v4);
    const int fd = socket.get();
    const int level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
    // Its peers are many: it is not connected, so ICMP errors come by the error queue [ip(7)].
    const bool is_set =
        fd >= 0 && (v4 || set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) == 0) &&
        set(fd, level, v4 ? IP_RECVERR : IPV6_RECVERR, 1) == 0 &&
        (!is_of_client || set(fd, level, v4 ? IP_TRANSPARENT : IPV6_TRANSPARENT, 1) == 0);
    if (is_set) {
        prefer_joined(fd);
        const auto* address = static_cast<const sockaddr*>(source.data());
        if (::bind(fd, address, source.length()) == 0) return socket;
    }
    error = errno;
    return {};
}

} // namespace

void prefer_joined(int fd) {
    set(fd, SOL_UDP, UDP_GRO, 1);
    set(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
    set(fd, SOL_SOCKET, SO_RCVBUF, kQueueBytes);
    set(fd, SOL_SOCKET, SO_SNDBUF, kQueueBytes);
}

io::Fd udp_target_socket(const std::optional<io::SocketAddress>& source, bool v4, int& error) {
    if (source) return target_socket(UdpAddress(*source), false, error);
    io::SocketAddress any;
    any.storage.ss_family = v4 ? AF_INET : AF_INET6;
    return target_socket(UdpAddress(any), false, error);
}

io::Fd udp_client_socket(const UdpAddress& client, int& error) {
    return target_socket(client, true, error);
}

std::optional<UdpError> next_error(int fd) {
    UdpError told;
    alignas(cmsghdr) std::array<char, 512> control{};
    msghdr header{};
    header.msg_name = told.to.data();
    header.msg_namelen = sizeof(sockaddr_in6);
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    if (::recvmsg(fd, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return std::nullopt;
    for (cmsghdr* one = CMSG_FIRSTHDR(&header); one != nullptr; one = CMSG_NXTHDR(&header, one)) {
        const bool v4 = one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_RECVERR;
        const bool v6 = one->cmsg_level == IPPROTO_IPV6 && one->cmsg_type == IPV6_RECVERR;
        if (!v4 && !v6) continue;
        sock_extended_err what{};
        std::memcpy(&what, CMSG_DATA(one), sizeof what);
        told.number = static_cast<int>(what.ee_errno);
    }
    return told;
}

} // namespace nlb::proxy
