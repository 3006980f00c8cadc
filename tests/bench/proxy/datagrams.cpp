// SPDX-License-Identifier: Apache-2.0
#include "datagrams.hpp"

#include "latencies.hpp"

#include <netinet/udp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kWindow = 4;
constexpr std::size_t kMessageBytes = 64;
constexpr std::size_t kBatch = 64;
constexpr auto kAnswerWithin = std::chrono::milliseconds(200);

[[noreturn]] void die(const char* what) {
    std::perror(what);
    std::exit(4);
}

int new_socket() {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (fd < 0) die("socket");
    const int bytes = 4 << 20;
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    return fd;
}

/// Room for the reads of one call. At a socket with UDP_GRO a read may hold several datagrams, and
/// is answered with as many in one [udp(7)].
class Batch {
  public:
    Batch() {
        for (std::size_t i = 0; i < kBatch; ++i) {
            vectors_[i] = {bytes_[i].data(), bytes_[i].size()};
            headers_[i].msg_hdr.msg_iov = &vectors_[i];
            headers_[i].msg_hdr.msg_iovlen = 1;
        }
    }

    /// Reads. With `names` the senders are kept for answer().
    std::size_t receive(int fd, bool names) {
        for (std::size_t i = 0; i < kBatch; ++i) {
            vectors_[i].iov_len = bytes_[i].size();
            headers_[i].msg_hdr.msg_name = names ? &names_[i] : nullptr;
            headers_[i].msg_hdr.msg_namelen = names ? sizeof names_[i] : 0;
            headers_[i].msg_hdr.msg_control = controls_[i].data();
            headers_[i].msg_hdr.msg_controllen = controls_[i].size();
        }
        const int n = ::recvmmsg(fd, headers_.data(), kBatch, MSG_DONTWAIT, nullptr);
        return n > 0 ? static_cast<std::size_t>(n) : 0;
    }

    /// Datagrams in the first `reads`.
    std::size_t datagrams(std::size_t reads) {
        std::size_t sum = 0;
        for (std::size_t i = 0; i < reads; ++i) {
            const std::size_t segment = segment_of(i);
            sum += segment == 0 ? 1 : (headers_[i].msg_len + segment - 1) / segment;
        }
        return sum;
    }

    /// Sends back what came.
    void answer(int fd, std::size_t reads) {
        for (std::size_t i = 0; i < reads; ++i) {
            vectors_[i].iov_len = headers_[i].msg_len;
            set_segment(i, segment_of(i));
        }
        send_all(fd, reads);
    }

    /// As many messages, or one that the kernel cuts.
    void send(int fd, std::size_t count, bool as_segments) {
        const std::size_t messages = as_segments ? 1 : count;
        for (std::size_t i = 0; i < messages; ++i) {
            vectors_[i].iov_len = kMessageBytes * (count / messages);
            headers_[i].msg_hdr.msg_name = nullptr;
            headers_[i].msg_hdr.msg_namelen = 0;
            set_segment(i, as_segments ? kMessageBytes : 0);
        }
        send_all(fd, messages);
    }

  private:
    std::size_t segment_of(std::size_t i) {
        msghdr& header = headers_[i].msg_hdr;
        for (cmsghdr* one = CMSG_FIRSTHDR(&header); one != nullptr;
             one = CMSG_NXTHDR(&header, one)) {
            if (one->cmsg_level != SOL_UDP || one->cmsg_type != UDP_GRO) continue;
            int segment = 0;
            std::memcpy(&segment, CMSG_DATA(one), sizeof segment);
            return static_cast<std::size_t>(segment);
        }
        return 0;
    }

    void set_segment(std::size_t i, std::size_t segment) {
        msghdr& header = headers_[i].msg_hdr;
        const bool is_cut = segment != 0 && vectors_[i].iov_len > segment;
        header.msg_control = is_cut ? controls_[i].data() : nullptr;
        header.msg_controllen = is_cut ? CMSG_SPACE(sizeof(std::uint16_t)) : 0;
        if (!is_cut) return;
        cmsghdr* one = CMSG_FIRSTHDR(&header);
        one->cmsg_level = SOL_UDP;
        one->cmsg_type = UDP_SEGMENT;
        one->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
        const auto value = static_cast<std::uint16_t>(segment);
        std::memcpy(CMSG_DATA(one), &value, sizeof value);
    }

    void send_all(int fd, std::size_t count) {
        for (std::size_t sent = 0; sent < count;) {
            const int n =
                ::sendmmsg(fd, headers_.data() + sent, static_cast<unsigned>(count - sent), 0);
            sent += n > 0 ? static_cast<std::size_t>(n) : 1;
        }
    }

    struct alignas(cmsghdr) Control : std::array<char, 64> {};

    std::array<std::array<char, 2048>, kBatch> bytes_{};
    std::array<mmsghdr, kBatch> headers_{};
    std::array<iovec, kBatch> vectors_{};
    std::array<sockaddr_in, kBatch> names_{};
    std::array<Control, kBatch> controls_{};
};

Batch batch;

void watch(int epoll, int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

struct Flow {
    int fd = -1;
    std::size_t under_way = 0;
    Clock::time_point sent;
};

class Load {
  public:
    Load(const sockaddr_in& address, int flows, bool as_segments)
        : epoll_(::epoll_create1(0)), as_segments_(as_segments) {
        for (int i = 0; i < flows; ++i) {
            const int fd = new_socket();
            if (as_segments_) join_datagrams(fd);
            if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
                die("connect");
            watch(epoll_, fd);
            by_fd_.resize(static_cast<std::size_t>(fd) + 1);
            by_fd_.back().fd = fd;
        }
    }

    void run(Clock::time_point until) {
        for (Flow& flow : by_fd_)
            if (flow.fd >= 0) send(flow, kWindow);
        std::array<epoll_event, 256> events{};
        for (auto now = Clock::now(); now < until; now = Clock::now()) {
            const int n = ::epoll_wait(epoll_, events.data(), events.size(), 10);
            for (int i = 0; i < n; ++i)
                take(by_fd_[static_cast<std::size_t>(events[static_cast<std::size_t>(i)].data.fd)]);
            for (Flow& flow : by_fd_)
                if (flow.under_way != 0 && now - flow.sent > kAnswerWithin) send_lost(flow);
        }
    }

    void report(double seconds) {
        std::printf("{\"operations\":%zu,\"seconds\":%.3f,\"failed\":%zu,\"p50_us\":%.1f,"
                    "\"p99_us\":%.1f}\n",
                    operations_, seconds, failed_, latencies_us_.at(0.5), latencies_us_.at(0.99));
    }

  private:
    void send(Flow& flow, std::size_t count) {
        batch.send(flow.fd, count, as_segments_);
        flow.under_way += count;
        flow.sent = Clock::now();
    }

    void take(Flow& flow) {
        const std::size_t n =
            std::min(batch.datagrams(batch.receive(flow.fd, false)), flow.under_way);
        if (n == 0) return;
        const std::chrono::duration<double, std::micro> took = Clock::now() - flow.sent;
        latencies_us_.add(took.count());
        operations_ += n;
        flow.under_way -= n;
        if (flow.under_way == 0) send(flow, kWindow);
    }

    void send_lost(Flow& flow) {
        failed_ += flow.under_way;
        flow.under_way = 0;
        send(flow, kWindow);
    }

    int epoll_;
    bool as_segments_;
    std::vector<Flow> by_fd_;
    Latencies latencies_us_;
    std::size_t operations_ = 0;
    std::size_t failed_ = 0;
};

} // namespace

void join_datagrams(int fd) {
    const int on = 1;
    if (::setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on) != 0) die("UDP_GRO");
}

void echo_datagrams(int fd) {
    while (const std::size_t n = batch.receive(fd, true))
        batch.answer(fd, n);
}

void load_datagrams(const sockaddr_in& address, int flows, double seconds, bool as_segments) {
    Load load(address, flows, as_segments);
    const auto start = Clock::now();
    load.run(start + std::chrono::milliseconds(static_cast<int>(seconds * 1000)));
    load.report(std::chrono::duration<double>(Clock::now() - start).count());
}
