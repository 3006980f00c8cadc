// SPDX-License-Identifier: Apache-2.0
// UdpSender: sends the messages of a lane with as few calls as it takes. What cannot be sent is the
// caller's to decide about.
#pragma once

#include "proxy/udp_outbound.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace nlb::proxy {

class UdpSender {
  public:
    /// From now on send() is about these. Keeps references to the outbound's bytes and addresses.
    void load(const UdpOutbound& outbound, UdpLane lane);

    /// Sends until everything is sent or one message cannot be: its errno, and current() tells of
    /// it. 0: is_done(). Errors of an ICMP answer to an earlier datagram come this way, too.
    int send(int fd);

    [[nodiscard]] bool is_done() const { return sent_ == messages_.size(); }

    /// How many messages were sent or given up.
    [[nodiscard]] std::size_t position() const { return sent_; }

    [[nodiscard]] const UdpMessage& current() const { return *messages_[sent_]; }

    /// Gives the current message up.
    void skip() { ++sent_; }

    /// Sends the current message, of datagrams that are joined, one by one and goes on to the next;
    /// returns how many could not be sent, and the last errno.
    std::uint32_t send_singly(const UdpOutbound& outbound, int fd, int& error);

  private:
    struct alignas(cmsghdr) Control {
        std::array<char, CMSG_SPACE(sizeof(std::uint16_t))> bytes{};
    };

    void fill(std::size_t at, std::size_t first_vector);

    std::vector<const UdpMessage*> messages_;
    std::vector<mmsghdr> headers_;
    std::vector<iovec> vectors_;
    std::vector<Control> controls_;
    std::vector<iovec> parts_; // of the datagram that send_singly() is at
    std::size_t sent_ = 0;
};

} // namespace nlb::proxy
