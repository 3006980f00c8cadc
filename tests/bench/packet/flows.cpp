// SPDX-License-Identifier: Apache-2.0
// Load for the bench called sweep:
//   flows open INTERFACE LINK-ADDRESS ADDRESS PORT FIRST COUNT RATE
//     one datagram from each of COUNT clients that nobody is; RATE a second, 0: as fast as it goes
//   flows echo ADDRESS PORT RATE SECONDS
//     datagrams there and back, RATE a second at most
// One JSON line each.
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::uint32_t kFirstClient = 0x0a510001; // 10.81.0.1
constexpr std::uint32_t kPorts = 50'000;           // of each client
constexpr std::uint32_t kFirstPort = 10'000;
constexpr std::size_t kBurst = 64;
constexpr int kAnswerWithinMs = 100;

[[noreturn]] void die(const char* what) {
    std::perror(what);
    std::exit(4);
}

std::int64_t now() {
    timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * kSecond + t.tv_nsec;
}

void wait_until(std::int64_t when) {
    const timespec t{when / kSecond, when % kSecond};
    ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr);
}

struct Frame {
    ethhdr link;
    iphdr ip;
    udphdr udp;
    std::array<char, 22> payload;
} __attribute__((packed));

std::uint16_t checksum(const iphdr& ip) {
    std::array<std::uint16_t, sizeof ip / 2> words{};
    std::memcpy(words.data(), &ip, sizeof ip);
    std::uint32_t sum = 0;
    for (const std::uint16_t word : words)
        sum += word;
    sum = (sum & 0xffffU) + (sum >> 16U);
    return static_cast<std::uint16_t>(~(sum + (sum >> 16U)));
}

Frame frame_for(char** args) {
    Frame frame{};
    if (std::sscanf(args[1], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &frame.link.h_dest[0],
                    &frame.link.h_dest[1], &frame.link.h_dest[2], &frame.link.h_dest[3],
                    &frame.link.h_dest[4], &frame.link.h_dest[5]) != 6)
        die("link address");
    frame.link.h_source[0] = 2;
    frame.link.h_proto = htons(ETH_P_IP);
    frame.ip.version = 4;
    frame.ip.ihl = 5;
    frame.ip.ttl = 64;
    frame.ip.protocol = IPPROTO_UDP;
    frame.ip.tot_len = htons(sizeof(Frame) - sizeof(ethhdr));
    if (::inet_pton(AF_INET, args[2], &frame.ip.daddr) != 1) die("address");
    frame.udp.dest = htons(static_cast<std::uint16_t>(std::atoi(args[3])));
    frame.udp.len = htons(sizeof(Frame) - sizeof(ethhdr) - sizeof(iphdr)); // no checksum: 0
    return frame;
}

void set_client(Frame& frame, std::uint32_t number) {
    frame.ip.saddr = htonl(kFirstClient + number / kPorts);
    frame.udp.source = htons(static_cast<std::uint16_t>(kFirstPort + number % kPorts));
    frame.ip.check = 0;
    frame.ip.check = checksum(frame.ip);
}

int packet_socket(const char* interface) {
    const int fd = ::socket(AF_PACKET, SOCK_RAW, 0);
    sockaddr_ll at{};
    at.sll_family = AF_PACKET;
    at.sll_ifindex = static_cast<int>(::if_nametoindex(interface));
    const int one = 1;
    ::setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof one);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) die("packet socket");
    return fd;
}

int open_flows(char** args) {
    const int fd = packet_socket(args[0]);
    const auto first = static_cast<std::uint32_t>(std::atoll(args[4]));
    const auto count = static_cast<std::uint32_t>(std::atoll(args[5]));
    const std::int64_t rate = std::atoll(args[6]);
    std::vector<Frame> frames(kBurst, frame_for(args));
    std::array<iovec, kBurst> parts{};
    std::array<mmsghdr, kBurst> messages{};
    for (std::size_t i = 0; i < kBurst; ++i) {
        parts[i] = {&frames[i], sizeof(Frame)};
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    const std::int64_t began = now();
    for (std::uint32_t sent = 0; sent < count;) {
        const std::uint32_t burst = std::min<std::uint32_t>(kBurst, count - sent);
        for (std::uint32_t i = 0; i < burst; ++i)
            set_client(frames[i], first + sent + i);
        if (::sendmmsg(fd, messages.data(), burst, 0) != static_cast<int>(burst)) die("send");
        sent += burst;
        if (rate != 0) wait_until(began + sent * kSecond / rate);
    }
    std::printf("{\"seconds\":%.6f}\n", static_cast<double>(now() - began) / kSecond);
    return 0;
}

int connect_to(char** args) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::atoi(args[1])));
    if (::inet_pton(AF_INET, args[0], &to.sin_addr) != 1) die("address");
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) die("connect");
    return fd;
}

/// Nanoseconds; negative when no answer came.
std::int64_t round_trip(int fd) {
    std::array<char, 64> message{};
    const std::int64_t began = now();
    std::memcpy(message.data(), &began, sizeof began);
    if (::send(fd, message.data(), message.size(), 0) < 0) return -1;
    pollfd readable{fd, POLLIN, 0};
    while (::poll(&readable, 1, kAnswerWithinMs) == 1) {
        std::int64_t told = 0;
        if (::recv(fd, message.data(), message.size(), 0) < 0) return -1;
        std::memcpy(&told, message.data(), sizeof told);
        if (told == began) return now() - began;
    }
    return -1;
}

int echo(char** args) {
    const int fd = connect_to(args);
    const std::int64_t every = kSecond / std::atoll(args[2]);
    const std::int64_t began = now();
    const std::int64_t end = began + std::atoll(args[3]) * kSecond;
    std::vector<std::int64_t> taken;
    std::size_t lost = 0;
    for (std::int64_t next = began; next < end; next = std::max(next + every, now())) {
        wait_until(next);
        const std::int64_t ns = round_trip(fd);
        if (ns < 0)
            ++lost;
        else
            taken.push_back(ns);
    }
    if (taken.empty()) die("no answer");
    std::sort(taken.begin(), taken.end());
    const auto at = [&](double part) {
        const auto place = static_cast<std::size_t>(part * static_cast<double>(taken.size() - 1));
        return static_cast<double>(taken[place]) / 1000;
    };
    std::printf("{\"count\":%zu,\"lost\":%zu,\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,"
                "\"max_us\":%.1f}\n",
                taken.size(), lost, at(0.5), at(0.99), at(0.999), at(1));
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    const std::string mode = argc > 1 ? argv[1] : "";
    if (mode == "open" && argc == 9) return open_flows(argv + 2);
    if (mode == "echo" && argc == 6) return echo(argv + 2);
    std::fprintf(stderr, "usage: see the head of flows.cpp\n");
    return 2;
}
