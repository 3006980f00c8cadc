// SPDX-License-Identifier: Apache-2.0
#include "proxy/udp_sender.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace nlb::proxy {

namespace {

/// sendmsg(2) writes to neither, its types do not say so.
char* writable(const void* bytes) {
    return static_cast<char*>(const_cast<void*>(bytes)); // NOLINT: the socket API
}

} // namespace

void UdpSender::load(const UdpOutbound& outbound, UdpLane lane) {
    messages_.clear();
    vectors_.clear();
    sent_ = 0;
    outbound.for_each(lane, [&](const UdpMessage& message) {
        messages_.push_back(&message);
        outbound.for_each_piece(message, [&](const char* data, std::uint32_t bytes) {
            vectors_.push_back({writable(data), bytes});
        });
    });
    headers_.resize(messages_.size());
    controls_.resize(std::max(controls_.size(), messages_.size()));
    std::size_t vector = 0;
    for (std::size_t i = 0; i < messages_.size(); ++i) {
        fill(i, vector);
        vector += messages_[i]->pieces;
    }
}

void UdpSender::fill(std::size_t at, std::size_t first_vector) {
    const UdpMessage& message = *messages_[at];
    msghdr header{};
    header.msg_name = writable(message.to.data());
    header.msg_namelen = message.to.length();
    header.msg_iov = &vectors_[first_vector];
    header.msg_iovlen = message.pieces;
    if (message.datagrams > 1) {
        header.msg_control = controls_[at].bytes.data();
        header.msg_controllen = controls_[at].bytes.size();
        cmsghdr* one = CMSG_FIRSTHDR(&header);
        one->cmsg_level = SOL_UDP;
        one->cmsg_type = UDP_SEGMENT;
        one->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
        const auto segment = static_cast<std::uint16_t>(message.segment);
        std::memcpy(CMSG_DATA(one), &segment, sizeof segment);
    }
    headers_[at] = {header, 0};
}

int UdpSender::send(int fd) {
    while (!is_done()) {
        const int n = ::sendmmsg(fd, headers_.data() + sent_,
                                 static_cast<unsigned>(headers_.size() - sent_), MSG_DONTWAIT);
        if (n > 0) {
            sent_ += static_cast<std::size_t>(n);
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

std::uint32_t UdpSender::send_singly(const UdpOutbound& outbound, int fd, int& error) {
    const UdpMessage& message = current();
    std::uint32_t failed = 0;
    std::uint32_t missing = message.segment; // of the datagram whose parts are gathered
    parts_.clear();
    msghdr header{};
    header.msg_name = writable(message.to.data());
    header.msg_namelen = message.to.length();
    const auto send = [&] {
        header.msg_iov = parts_.data();
        header.msg_iovlen = parts_.size();
        if (::sendmsg(fd, &header, MSG_DONTWAIT) < 0) {
            error = errno;
            ++failed;
        }
        parts_.clear();
        missing = message.segment;
    };
    outbound.for_each_piece(message, [&](const char* data, std::uint32_t left) {
        while (left != 0) {
            const std::uint32_t part = std::min(left, missing);
            parts_.push_back({writable(data), part});
            data += part;
            left -= part;
            missing -= part;
            if (missing == 0) send();
        }
    });
    if (!parts_.empty()) send();
    skip();
    return failed;
}

} // namespace nlb::proxy
