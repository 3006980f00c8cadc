// SPDX-License-Identifier: Apache-2.0
#include "io/client_sockets.hpp"

#include "io/socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace nlb::io {

namespace {

/// Enough for the connections of one turn of a loop; a kept socket takes some 2 KiB of the kernel.
constexpr std::size_t kMostKept = 256;

int begin(const Fd& socket, const Endpoint& target) {
    const auto address = SocketAddress::from(target);
    const int rc = ::connect(socket.get(), address.get(), address.length);
    return rc == 0 || errno == EINPROGRESS ? 0 : errno;
}

/// The port is chosen by connect(), so one is enough for many targets.
bool bind_to(const Fd& socket, const IpAddress& source) {
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const auto address = SocketAddress::from({source, 0});
    return ::bind(socket.get(), address.get(), address.length) == 0;
}

/// Of a client the kernel reads this as: the ACK of the SYN-ACK can wait for the first bytes, a
/// packet less on either side. It outlives a connection, which TCP_QUICKACK does not.
void hold_back_ack(const Fd& socket) {
    const int seconds = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds);
}

} // namespace

ClientSockets::Connecting ClientSockets::fresh(const Kind& kind, const Endpoint& target) {
    const int family = kind.family == IpFamily::V4 ? AF_INET : AF_INET6;
    Connecting made;
    made.socket.reset(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!made.socket.is_open()) {
        made.error = errno;
        return made;
    }
    if (kind.source) made.is_bound = bind_to(made.socket, *kind.source);
    if (kind.speaks_first) hold_back_ack(made.socket);
    made.error = begin(made.socket, target);
    if (made.error != 0) made.socket.reset();
    return made;
}

/// What fails with a kept socket is tried with a new one: the source of the old one may have left
/// this host.
ClientSockets::Connecting ClientSockets::connect(const Kind& kind, const Endpoint& target) {
    const auto kept = kept_.find(kind);
    if (kept == kept_.end() || kept->second.empty()) return fresh(kind, target);
    Connecting again{std::move(kept->second.back()), 0, true};
    kept->second.pop_back();
    return begin(again.socket, target) == 0 ? std::move(again) : fresh(kind, target);
}

int ClientSockets::connect_answer(const Fd& socket, const Endpoint& target) {
    const auto address = SocketAddress::from(target);
    const int rc = ::connect(socket.get(), address.get(), address.length);
    return rc == 0 || errno == EISCONN ? 0 : errno;
}

void ClientSockets::end(const Kind& kind, Fd socket) {
    sockaddr none{};
    none.sa_family = AF_UNSPEC; // dissolves the association: connect(2)
    std::vector<Fd>& kept = kept_[kind];
    if (kept.size() < kMostKept && ::connect(socket.get(), &none, sizeof none) == 0) {
        kept.push_back(std::move(socket));
        return;
    }
    const linger at_once{1, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

std::size_t ClientSockets::kept() const {
    std::size_t count = 0;
    for (const auto& [kind, sockets] : kept_)
        count += sockets.size();
    return count;
}

} // namespace nlb::io
