// SPDX-License-Identifier: Apache-2.0
// Load for tests/bench/proxy and tests/bench/packet, one thread each:
//   load serve ADDRESS PORT    from PORT on: echo, sink, answer and close, UDP echo, one that reads
//                              and sends many at once, one that does so with UDP_GRO
//   load bulk|pingpong|paced|connect|datagram|datagrams|segments ADDRESS PORT CONNECTIONS SECONDS
// A client prints one JSON line: operations, bytes, and latency of an operation in microseconds.
#include "datagrams.hpp"
#include "latencies.hpp"
#include "paced.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMessageBytes = 64;
constexpr std::size_t kBulkBytes = 256 * 1024;
constexpr auto kAnswerWithin = std::chrono::milliseconds(200); // of a datagram
std::array<char, kBulkBytes> buffer{};

[[noreturn]] void die(const char* what) {
    std::perror(what);
    std::exit(4);
}

enum class Role { Echo, Sink, Answer, Reflect, ReflectMany, Bulk, PingPong, Connect, Datagram };

struct Peer {
    Role role = Role::Echo;
    bool listens = false;
    bool connecting = false;
    std::size_t got = 0; // of the message under way
    Clock::time_point started;
};

class Load {
  public:
    Load(const char* address, int port) : epoll_(::epoll_create1(0)) {
        address_.sin_family = AF_INET;
        address_.sin_port = htons(static_cast<std::uint16_t>(port));
        if (::inet_pton(AF_INET, address, &address_.sin_addr) != 1) die("address");
        rlimit limit{};
        ::getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }

    int listen(Role role, int offset) {
        const int fd = new_socket(role);
        const int one = 1;
        ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        sockaddr_in at = address_;
        at.sin_port = htons(static_cast<std::uint16_t>(ntohs(at.sin_port) + offset));
        if (::bind(fd, generic(at), sizeof at) != 0) die("bind");
        Peer peer;
        peer.role = role;
        peer.listens = role != Role::Reflect && role != Role::ReflectMany;
        if (peer.listens && ::listen(fd, 65535) != 0) die("listen");
        watch(fd, peer, EPOLLIN);
        return fd;
    }

    void connect(Role role) {
        const int fd = new_socket(role);
        Peer peer;
        peer.role = role;
        peer.connecting = true;
        peer.started = Clock::now();
        if (::connect(fd, generic(address_), sizeof address_) != 0 && errno != EINPROGRESS) {
            die("connect");
        }
        watch(fd, peer, EPOLLOUT);
    }

    void run(Clock::time_point until) {
        std::array<epoll_event, 256> events{};
        auto looked = Clock::now();
        while (Clock::now() < until) {
            if (Clock::now() - looked > kAnswerWithin) {
                looked = Clock::now();
                send_lost_again();
            }
            const int n = ::epoll_wait(epoll_, events.data(), events.size(), 100);
            for (int i = 0; i < n; ++i)
                on_event(events[static_cast<std::size_t>(i)]);
        }
    }

    /// Datagrams that nobody answered are lost: counted, and sent again.
    void send_lost_again() {
        const auto now = Clock::now();
        for (std::size_t fd = 0; fd < peers_.size(); ++fd) {
            Peer& peer = peers_[fd];
            if (peer.role != Role::Datagram || peer.started == Clock::time_point{}) continue;
            if (now - peer.started < kAnswerWithin) continue;
            ++failed_;
            peer.started = now;
            send(static_cast<int>(fd), kMessageBytes);
        }
    }

    void report(double seconds) {
        std::printf("{\"operations\":%zu,\"bytes\":%zu,\"seconds\":%.3f,\"failed\":%zu,"
                    "\"p50_us\":%.1f,\"p99_us\":%.1f}\n",
                    operations_, bytes_, seconds, failed_, latencies_us_.at(0.5),
                    latencies_us_.at(0.99));
    }

    [[nodiscard]] const sockaddr_in& address() const { return address_; }

  private:
    static const sockaddr* generic(const sockaddr_in& address) {
        return reinterpret_cast<const sockaddr*>(&address);
    }

    static int new_socket(Role role) {
        const bool datagrams =
            role == Role::Reflect || role == Role::ReflectMany || role == Role::Datagram;
        const int type = datagrams ? SOCK_DGRAM : SOCK_STREAM;
        const int fd = ::socket(AF_INET, type | SOCK_NONBLOCK, 0);
        if (fd < 0) die("socket");
        return fd;
    }

    void watch(int fd, const Peer& peer, std::uint32_t events) {
        if (static_cast<std::size_t>(fd) >= peers_.size()) {
            peers_.resize(static_cast<std::size_t>(fd) + 64);
        }
        peers_[static_cast<std::size_t>(fd)] = peer;
        control(EPOLL_CTL_ADD, fd, events);
    }

    void control(int operation, int fd, std::uint32_t events) {
        epoll_event event{};
        event.events = events;
        event.data.fd = fd;
        ::epoll_ctl(epoll_, operation, fd, &event);
    }

    void on_event(const epoll_event& event) {
        const int fd = event.data.fd;
        Peer& peer = peers_[static_cast<std::size_t>(fd)];
        if (peer.listens) return accept(fd, peer.role);
        if (peer.connecting) return connected(fd, peer, event.events);
        if (peer.role == Role::Bulk) return send_bulk(fd);
        if (peer.role == Role::Reflect) return reflect(fd);
        if (peer.role == Role::ReflectMany) return echo_datagrams(fd);
        receive(fd, peer);
    }

    void reflect(int fd) {
        sockaddr_in from{};
        socklen_t length = sizeof from;
        const ssize_t n = ::recvfrom(fd, buffer.data(), buffer.size(), 0,
                                     reinterpret_cast<sockaddr*>(&from), &length);
        if (n >= 0)
            ::sendto(fd, buffer.data(), static_cast<std::size_t>(n), 0, generic(from), length);
    }

    void accept(int listener, Role role) {
        const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
        if (fd < 0) return;
        no_delay(fd);
        Peer peer;
        peer.role = role;
        watch(fd, peer, EPOLLIN);
    }

    static void no_delay(int fd) {
        const int one = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }

    void connected(int fd, Peer& peer, std::uint32_t events) {
        if ((events & (EPOLLERR | EPOLLHUP)) != 0) return finish(fd, peer, false);
        peer.connecting = false;
        no_delay(fd);
        if (peer.role == Role::Bulk) return;
        control(EPOLL_CTL_MOD, fd, EPOLLIN);
        if (peer.role != Role::Connect) peer.started = Clock::now();
        send(fd, kMessageBytes);
    }

    void send(int fd, std::size_t bytes) {
        if (::send(fd, buffer.data(), bytes, MSG_NOSIGNAL) < 0 && errno != EAGAIN) ++failed_;
    }

    void send_bulk(int fd) {
        const ssize_t n = ::send(fd, buffer.data(), buffer.size(), MSG_NOSIGNAL);
        if (n > 0) bytes_ += static_cast<std::size_t>(n);
        if (n < 0 && errno != EAGAIN) die("send");
    }

    void receive(int fd, Peer& peer) {
        const int flags = peer.role == Role::Sink ? MSG_TRUNC : 0; // drops without copying
        const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), flags);
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) return finish(fd, peer, n == 0);
        switch (peer.role) {
        case Role::Echo: return send(fd, static_cast<std::size_t>(n));
        case Role::Answer: send(fd, kMessageBytes); return finish(fd, peer, true);
        case Role::Datagram:
        case Role::PingPong: return count_message(fd, peer, static_cast<std::size_t>(n));
        default: peer.got += static_cast<std::size_t>(n); return;
        }
    }

    void count_message(int fd, Peer& peer, std::size_t bytes) {
        peer.got += bytes;
        if (peer.got < kMessageBytes) return;
        peer.got = 0;
        done(peer);
        peer.started = Clock::now();
        send(fd, kMessageBytes);
    }

    void done(const Peer& peer) {
        const std::chrono::duration<double, std::micro> took = Clock::now() - peer.started;
        latencies_us_.add(took.count());
        ++operations_;
    }

    /// The connection is over; a connecting client starts the next one.
    void finish(int fd, Peer& peer, bool well) {
        const Role role = peer.role;
        const bool whole = well && peer.got == kMessageBytes;
        if (role == Role::Connect && whole) done(peer);
        if (role >= Role::Bulk && !whole) ++failed_;
        ::close(fd);
        if (role == Role::Connect) connect(role);
    }

    int epoll_;
    sockaddr_in address_{};
    std::vector<Peer> peers_;
    Latencies latencies_us_;
    std::size_t operations_ = 0;
    std::size_t bytes_ = 0;
    std::size_t failed_ = 0;
};

} // namespace

int main(int argc, char** argv) {
    const std::string mode = argc > 1 ? argv[1] : "";
    std::signal(SIGPIPE, SIG_IGN);
    if (mode == "serve" && argc == 4) {
        Load load(argv[2], std::atoi(argv[3]));
        load.listen(Role::Echo, 0);
        load.listen(Role::Sink, 1);
        load.listen(Role::Answer, 2);
        load.listen(Role::Reflect, 3);
        load.listen(Role::ReflectMany, 4);
        join_datagrams(load.listen(Role::ReflectMany, 5));
        std::puts("ready");
        std::fflush(stdout);
        load.run(Clock::time_point::max());
        return 0;
    }
    const Role role = mode == "bulk"       ? Role::Bulk
                      : mode == "pingpong" ? Role::PingPong
                      : mode == "datagram" ? Role::Datagram
                                           : Role::Connect;
    const bool is_other = mode == "datagrams" || mode == "segments" || mode == "paced";
    if (argc != 6 || (role == Role::Connect && mode != "connect" && !is_other)) {
        std::fputs("usage: see the top of load.cpp\n", stderr);
        return 2;
    }
    Load load(argv[2], std::atoi(argv[3]));
    const int count = std::atoi(argv[4]);
    const double seconds = std::atof(argv[5]);
    if (is_other) {
        const bool joined = mode == "segments";
        mode == "paced" ? load_paced(load.address(), count, seconds)
                        : load_datagrams(load.address(), count, seconds, joined);
        return 0;
    }
    for (int i = 0; i < count; ++i)
        load.connect(role);
    const auto start = Clock::now();
    load.run(start + std::chrono::milliseconds(static_cast<int>(seconds * 1000)));
    load.report(std::chrono::duration<double>(Clock::now() - start).count());
    return 0;
}
