// SPDX-License-Identifier: Apache-2.0
#include "kernel/netlink.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace nlb::kernel {

namespace {

constexpr std::size_t kLongestAnswer = 32'768; // a link with all its attributes

Result<io::Fd> open_netlink(std::uint32_t groups) {
    io::Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    if (!fd.is_open()) return io::sys_error("open a netlink socket");
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = groups;
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return io::sys_error("bind a netlink socket");
    return fd;
}

/// The message as bytes; of an error its number.
Result<std::vector<std::uint8_t>> take_answer(std::span<const std::uint8_t> bytes) {
    nlmsghdr header{};
    if (bytes.size() < sizeof header) return fail(Errc::System, "netlink: a short answer");
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > bytes.size())
        return fail(Errc::System, "netlink: a cut answer");
    if (header.nlmsg_type != NLMSG_ERROR)
        return std::vector<std::uint8_t>(bytes.begin(), bytes.begin() + header.nlmsg_len);
    nlmsgerr error{};
    if (bytes.size() < NLMSG_HDRLEN + sizeof error.error)
        return fail(Errc::System, "netlink: a short error");
    std::memcpy(&error.error, bytes.data() + NLMSG_HDRLEN, sizeof error.error);
    if (error.error != 0) return fail(Errc::System, "netlink", -error.error);
    return std::vector<std::uint8_t>{};
}

std::uint16_t type_of(std::span<const std::uint8_t> message) {
    nlmsghdr header{};
    std::memcpy(&header, message.data(), sizeof header);
    return header.nlmsg_type;
}

/// The socket that the answer comes by; the kernel puts it there within the call.
Result<io::Fd> send(const NetlinkRequest& request) {
    auto fd = open_netlink(0);
    if (!fd) return fd;
    const auto bytes = request.bytes();
    if (::send(fd->get(), bytes.data(), bytes.size(), 0) < 0)
        return io::sys_error("send a netlink request");
    return fd;
}

} // namespace

NetlinkRequest::NetlinkRequest(std::uint16_t type, std::uint16_t flags, const void* header,
                               std::size_t size) {
    nlmsghdr message{};
    message.nlmsg_type = type;
    message.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    append(&message, sizeof message);
    append(header, size);
    set_length();
}

void NetlinkRequest::append(const void* data, std::size_t size) {
    const auto* from = static_cast<const std::uint8_t*>(data);
    bytes_.insert(bytes_.end(), from, from + size);
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
}

void NetlinkRequest::set_length() {
    const auto length = static_cast<std::uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &length, sizeof length);
}

void NetlinkRequest::add(std::uint16_t type, const void* data, std::size_t size) {
    rtattr attribute{};
    attribute.rta_type = type;
    attribute.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(size));
    append(&attribute, sizeof attribute);
    append(data, size);
    set_length();
}

Result<std::vector<std::uint8_t>> ask(const NetlinkRequest& request) {
    auto fd = send(request);
    if (!fd) return tl::unexpected<Error>(fd.error());
    std::vector<std::uint8_t> answer(kLongestAnswer);
    const ssize_t n = ::recv(fd->get(), answer.data(), answer.size(), 0);
    if (n < 0) return io::sys_error("read a netlink answer");
    return take_answer(std::span(answer).first(static_cast<std::size_t>(n)));
}

Result<std::vector<std::vector<std::uint8_t>>> ask_all(const NetlinkRequest& request) {
    auto fd = send(request);
    if (!fd) return tl::unexpected<Error>(fd.error());
    std::vector<std::vector<std::uint8_t>> messages;
    std::vector<std::uint8_t> buffer(kLongestAnswer);
    while (true) {
        const ssize_t n = ::recv(fd->get(), buffer.data(), buffer.size(), 0);
        if (n < 0) return io::sys_error("read a netlink answer");
        for (std::span<const std::uint8_t> rest(buffer.data(), static_cast<std::size_t>(n));
             !rest.empty();) {
            auto message = take_answer(rest);
            if (!message) return tl::unexpected<Error>(message.error());
            if (message->empty() || type_of(*message) == NLMSG_DONE) return messages;
            rest = rest.subspan(std::min<std::size_t>(NLMSG_ALIGN(message->size()), rest.size()));
            messages.push_back(std::move(*message));
        }
    }
}

std::span<const std::uint8_t> attribute(std::span<const std::uint8_t> bytes, unsigned type) {
    while (bytes.size() >= sizeof(rtattr)) {
        rtattr header{};
        std::memcpy(&header, bytes.data(), sizeof header);
        if (header.rta_len < sizeof header || header.rta_len > bytes.size()) break;
        if ((header.rta_type & NLA_TYPE_MASK) == type)
            return bytes.subspan(RTA_LENGTH(0), header.rta_len - RTA_LENGTH(0));
        bytes = bytes.subspan(std::min<std::size_t>(RTA_ALIGN(header.rta_len), bytes.size()));
    }
    return {};
}

Result<io::Fd> watch_routing() {
    return open_netlink(RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE |
                        RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_RULE);
}

bool drain(int fd) {
    std::array<std::uint8_t, 4096> buffer; // NOLINT(cppcoreguidelines-pro-type-member-init): filled
    bool any = false;
    while (true) {
        const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), MSG_TRUNC);
        if (n < 0 && errno != ENOBUFS) return any;
        any = true;
    }
}

} // namespace nlb::kernel
