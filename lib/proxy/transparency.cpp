// SPDX-License-Identifier: Apache-2.0
#include "proxy/transparency.hpp"

#include "io/fd.hpp"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

namespace nlb::proxy {

namespace {

struct Question {
    nlmsghdr header;
    rtmsg route;
};

io::Fd ask_for_local_routes(std::uint8_t family) {
    io::Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!socket.is_open()) return socket;
    // Of a full routing table only these are sent; an older kernel sends all, which we sort out.
    const int one = 1;
    [[maybe_unused]] const int rc =
        ::setsockopt(socket.get(), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof one);
    Question question{};
    question.header.nlmsg_len = sizeof question;
    question.header.nlmsg_type = RTM_GETROUTE;
    question.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    question.route.rtm_family = family;
    question.route.rtm_type = RTN_LOCAL;
    if (::send(socket.get(), &question, sizeof question, 0) < 0) socket.reset();
    return socket;
}

bool is_way_in(const nlmsghdr& header, const char* body, std::size_t size) {
    rtmsg route{};
    if (header.nlmsg_type != RTM_NEWROUTE || size < sizeof route) return false;
    std::memcpy(&route, body, sizeof route);
    return route.rtm_type == RTN_LOCAL && route.rtm_table != RT_TABLE_LOCAL;
}

enum class Found { Nothing, WayIn, End };

Found look_through(const char* at, std::size_t left) {
    nlmsghdr header{};
    while (left >= sizeof header) {
        std::memcpy(&header, at, sizeof header);
        if (header.nlmsg_len < sizeof header || header.nlmsg_len > left) return Found::End;
        if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) return Found::End;
        if (is_way_in(header, at + sizeof header, header.nlmsg_len - sizeof header))
            return Found::WayIn;
        const std::size_t step = std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), left);
        at += step;
        left -= step;
    }
    return Found::Nothing;
}

bool has_way_in(std::uint8_t family) {
    const io::Fd socket = ask_for_local_routes(family);
    if (!socket.is_open()) return false;
    std::vector<char> answer(std::size_t{64} * 1024);
    for (;;) {
        const ssize_t n = ::recv(socket.get(), answer.data(), answer.size(), 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        const Found found = look_through(answer.data(), static_cast<std::size_t>(n));
        if (found != Found::Nothing) return found == Found::WayIn;
    }
}

bool may_be_transparent(bool v4) {
    const io::Fd socket(::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int one = 1;
    return socket.is_open() &&
           ::setsockopt(socket.get(), v4 ? IPPROTO_IP : IPPROTO_IPV6,
                        v4 ? IP_TRANSPARENT : IPV6_TRANSPARENT, &one, sizeof one) == 0;
}

} // namespace

std::optional<std::string> why_not_transparent(IpFamily family) {
    const bool v4 = family == IpFamily::V4;
    if (!may_be_transparent(v4)) return "this process lacks CAP_NET_ADMIN and CAP_NET_RAW";
    if (has_way_in(v4 ? AF_INET : AF_INET6)) return std::nullopt;
    return std::string("no local route takes in what targets reply to ") + (v4 ? "IPv4" : "IPv6") +
           " clients (see CLIENT ADDRESSES in nlb-forward(8))";
}

} // namespace nlb::proxy
