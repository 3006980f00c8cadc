// SPDX-License-Identifier: Apache-2.0
// make_replay_capture PACKETS CONNECTIONS: a pcap file on standard output, the same bytes every
// time. TCP connections to 198.51.100.1, ports 80 to 83, whose targets 10.0.1.1 to 10.0.1.4, port
// 8080, answer the client directly (client IP preservation); 4,096 connections at a time take
// turns. Checksums are right.
#include "capture/writer.hpp"

#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint64_t kAtATime = 4096;
constexpr std::int64_t kStart = 1'700'000'000'000'000'000;
constexpr std::int64_t kBetween = 1'000; ///< ns from packet to packet
constexpr unsigned kFin = 1, kSyn = 2, kPsh = 8, kAck = 16;

struct End {
    std::uint32_t address;
    std::uint16_t port;
};

void be16(std::uint8_t* at, std::uint32_t value) {
    at[0] = static_cast<std::uint8_t>(value >> 8U);
    at[1] = static_cast<std::uint8_t>(value);
}

void be32(std::uint8_t* at, std::uint32_t value) {
    be16(at, value >> 16U);
    be16(at + 2, value & 0xffffU);
}

std::uint32_t sum(const std::uint8_t* at, std::size_t bytes, std::uint32_t start) {
    for (std::size_t i = 0; i < bytes; ++i)
        start += std::uint32_t{at[i]} << (i % 2 == 0 ? 8U : 0U);
    return start;
}

std::uint32_t checksum(std::uint32_t total) {
    while (total > 0xffff)
        total = (total & 0xffffU) + (total >> 16U);
    return ~total & 0xffffU;
}

Bytes segment(const End& from, const End& to, unsigned flags, std::uint32_t sequence,
              std::uint32_t acknowledgment, std::size_t payload) {
    Bytes frame(54 + payload, 0x61);
    const Bytes link{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0};
    std::copy(link.begin(), link.end(), frame.begin());
    std::uint8_t* ip = frame.data() + 14;
    std::uint8_t* tcp = ip + 20;
    std::fill(ip, tcp + 20, std::uint8_t{0});
    be16(ip, 0x4500);
    be16(ip + 2, static_cast<std::uint32_t>(40 + payload));
    be16(ip + 6, 0x4000);
    be16(ip + 8, 0x4006);
    be32(ip + 12, from.address);
    be32(ip + 16, to.address);
    be16(ip + 10, checksum(sum(ip, 20, 0)));
    be16(tcp, from.port);
    be16(tcp + 2, to.port);
    be32(tcp + 4, sequence);
    be32(tcp + 8, acknowledgment);
    be16(tcp + 12, 0x5000U | flags);
    be16(tcp + 14, 64'240);
    const auto pseudo = sum(ip + 12, 8, static_cast<std::uint32_t>(6 + 20 + payload));
    be16(tcp + 16, checksum(sum(tcp, 20 + payload, pseudo)));
    return frame;
}

/// Packet `step` of `steps` of a connection: handshake, requests and answers, FINs of both sides.
Bytes packet(std::uint64_t connection, std::uint64_t step, std::uint64_t steps) {
    const auto number = static_cast<std::uint32_t>(connection);
    const End client{0xac100000U + number / 60'000,
                     static_cast<std::uint16_t>(2000 + number % 60'000)};
    const End node{0xc6336401U, static_cast<std::uint16_t>(80 + number % 4)};
    const End target{0x0a000101U + number % 4, 8080};
    const std::uint32_t first = number * 7919U;
    const auto at = static_cast<std::uint32_t>(step * 100);
    if (step == 0) return segment(client, node, kSyn, first, 0, 0);
    if (step == 1) return segment(target, client, kSyn | kAck, first, first + 1, 0);
    if (step + 2 == steps) return segment(client, node, kFin | kAck, first + at, first, 0);
    if (step + 1 == steps) return segment(target, client, kFin | kAck, first + at, first, 0);
    constexpr std::size_t kSizes[] = {0, 120, 0, 1448, 0, 1448, 80, 512};
    const std::size_t size = kSizes[step % std::size(kSizes)];
    const unsigned flags = size == 0 ? kAck : kPsh | kAck;
    return step % 2 == 0 ? segment(client, node, flags, first + at, first, size)
                         : segment(target, client, flags, first + at, first, size);
}

} // namespace

int main(int argc, char** argv) {
    const std::uint64_t packets = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 0;
    const std::uint64_t connections = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
    if (connections == 0 || packets < 4 * connections) {
        std::fprintf(stderr, "usage: %s PACKETS CONNECTIONS (4 packets or more each)\n", argv[0]);
        return 2;
    }
    nlb::capture::Writer out;
    std::uint64_t written = 0;
    std::uint64_t extra = packets % connections; // connections with a packet more
    for (std::uint64_t begin = 0; begin < connections; begin += kAtATime) {
        const std::uint64_t end = std::min(begin + kAtATime, connections);
        for (std::uint64_t step = 0; step <= packets / connections; ++step) {
            for (std::uint64_t i = begin; i < end; ++i) {
                const std::uint64_t steps = packets / connections + (i < extra ? 1 : 0);
                if (step >= steps) continue;
                out.put({kStart + static_cast<std::int64_t>(written++) * kBetween},
                        packet(i, step, steps));
            }
            const std::string bytes = out.drain();
            if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size()) return 4;
        }
    }
    return std::fflush(stdout) == 0 ? 0 : 4;
}
