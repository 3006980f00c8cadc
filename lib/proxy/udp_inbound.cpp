// SPDX-License-Identifier: Apache-2.0
#include "proxy/udp_inbound.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace nlb::proxy {

UdpInbound::UdpInbound() : places_(std::make_unique_for_overwrite<char[]>(kPlace * kMost)) {
    for (std::size_t i = 0; i < kMost; ++i)
        make_ready(i);
}

void UdpInbound::make_ready(std::size_t place) {
    vectors_[place] = {places_.get() + place * kPlace, kPlace};
    msghdr& header = headers_[place].msg_hdr;
    header.msg_name = reads_[place].from.data();
    header.msg_namelen = sizeof(sockaddr_in6);
    header.msg_iov = &vectors_[place];
    header.msg_iovlen = 1;
    header.msg_control = controls_[place].bytes.data();
    header.msg_controllen = controls_[place].bytes.size();
    header.msg_flags = 0;
}

void UdpInbound::note(std::size_t place) {
    UdpRead& read = reads_[place];
    msghdr& header = headers_[place].msg_hdr;
    read.data = places_.get() + place * kPlace;
    read.bytes = headers_[place].msg_len;
    read.segment = read.bytes;
    read.lost = 0;
    for (cmsghdr* one = CMSG_FIRSTHDR(&header); one != nullptr; one = CMSG_NXTHDR(&header, one)) {
        if (one->cmsg_level == SOL_UDP && one->cmsg_type == UDP_GRO) {
            int segment = 0;
            std::memcpy(&segment, CMSG_DATA(one), sizeof segment);
            if (segment > 0) read.segment = std::min(read.bytes, static_cast<unsigned>(segment));
        } else if (one->cmsg_level == SOL_SOCKET && one->cmsg_type == SO_RXQ_OVFL) {
            std::memcpy(&read.lost, CMSG_DATA(one), sizeof read.lost);
        }
    }
}

std::span<const UdpRead> UdpInbound::receive(int fd, int& error) {
    const std::size_t first = used_;
    const int n = ::recvmmsg(fd, headers_.data() + first, static_cast<unsigned>(room()),
                             MSG_DONTWAIT, nullptr);
    error = n < 0 && errno != EAGAIN && errno != EINTR ? errno : 0;
    if (n <= 0) return {};
    used_ += static_cast<std::size_t>(n);
    for (std::size_t place = first; place < used_; ++place)
        note(place);
    return {reads_.data() + first, used_ - first};
}

void UdpInbound::clear() {
    for (std::size_t place = 0; place < used_; ++place)
        make_ready(place);
    used_ = 0;
}

} // namespace nlb::proxy
