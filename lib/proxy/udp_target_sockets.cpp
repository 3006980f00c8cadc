// SPDX-License-Identifier: Apache-2.0
#include "proxy/udp_target_sockets.hpp"

#include "proxy/udp_socket.hpp"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace nlb::proxy {

namespace {

/// With eight looks in vain the target has flows in most of the sockets: one more is better than to
/// go on looking.
constexpr std::size_t kFewLooks = 8;
constexpr std::int64_t kShortMs = 1000;

bool same(const std::optional<io::SocketAddress>& a, const std::optional<io::SocketAddress>& b) {
    if (!a || !b) return a.has_value() == b.has_value();
    return UdpAddress(*a) == UdpAddress(*b);
}

/// Nothing when the socket is of one flow: connected, or bound to its client's address.
std::optional<Endpoint> shared_source_of(int fd) {
    io::SocketAddress peer;
    if (::getpeername(fd, peer.get(), &peer.length) == 0) return std::nullopt;
    const Endpoint local = io::local_endpoint(fd);
    const bool v4 = local.address.is_v4();
    int is_of_client = 0;
    socklen_t length = sizeof is_of_client;
    ::getsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TRANSPARENT : IPV6_TRANSPARENT,
                 &is_of_client, &length);
    if (is_of_client != 0) return std::nullopt;
    return local;
}

} // namespace

std::size_t UdpTargetSockets::source_of(const std::optional<io::SocketAddress>& address, bool v4) {
    const auto it = std::find_if(sources_.begin(), sources_.end(), [&](const Source& source) {
        return source.v4 == v4 && same(source.address, address);
    });
    if (it != sources_.end()) return static_cast<std::size_t>(it - sources_.begin());
    sources_.push_back({address, v4, {}, 0, 0});
    return sources_.size() - 1;
}

std::optional<std::uint32_t> UdpTargetSockets::find_free(UdpFlows& flows, const Source& source,
                                                         const UdpAddress& target,
                                                         std::size_t looks) {
    const std::size_t count = source.open.size();
    for (std::size_t i = 0; i < std::min(looks, count); ++i) {
        const std::uint32_t socket = source.open[turn_++ % count];
        if (flows.of_target(socket, target) == nullptr) return socket;
    }
    return std::nullopt;
}

std::uint32_t UdpTargetSockets::use(std::uint32_t socket) {
    Socket& one = sockets_[socket];
    if (one.flows++ == 0 && one.source != kOwn) --sources_[one.source].idle;
    return socket;
}

std::optional<std::uint32_t> UdpTargetSockets::take(UdpFlows& flows,
                                                    const std::optional<io::SocketAddress>& source,
                                                    const UdpAddress& target, std::int64_t now_ms,
                                                    int& error) {
    if (limits_.connects) return open_connected(source, target, error);
    const std::size_t from = source_of(source, target.is_v4());
    if (const auto found = find_free(flows, sources_[from], target, kFewLooks)) return use(*found);
    if (const auto opened = open(from, error)) return use(*opened);
    Source& of = sources_[from];
    if (now_ms < of.short_until_ms) return std::nullopt;
    if (const auto found = find_free(flows, of, target, of.open.size())) return use(*found);
    of.short_until_ms = now_ms + kShortMs;
    return std::nullopt;
}

std::optional<std::uint32_t> UdpTargetSockets::take_as(const UdpAddress& client, int& error) {
    error = EMFILE;
    return open_ < limits_.most ? take_own(udp_client_socket(client, error), error) : std::nullopt;
}

std::optional<std::uint32_t>
UdpTargetSockets::open_connected(const std::optional<io::SocketAddress>& source,
                                 const UdpAddress& target, int& error) {
    error = EMFILE;
    if (open_ >= limits_.most) return std::nullopt;
    io::Fd fd = udp_target_socket(source, target.is_v4(), error);
    const auto* address = static_cast<const sockaddr*>(target.data());
    if (fd.is_open() && ::connect(fd.get(), address, target.length()) != 0) {
        error = errno;
        return std::nullopt;
    }
    return take_own(std::move(fd), error);
}

/// For one flow; `fd` may be closed, and `error` is known then.
std::optional<std::uint32_t> UdpTargetSockets::take_own(io::Fd fd, int& error) {
    if (!fd.is_open()) return std::nullopt;
    const auto socket = watch(std::move(fd), kOwn, error);
    return socket ? std::optional(use(*socket)) : std::nullopt;
}

std::optional<std::uint32_t> UdpTargetSockets::open(std::size_t source, int& error) {
    error = EADDRINUSE;
    if (sources_[source].open.size() >= limits_.most_of_a_source) return std::nullopt;
    error = EMFILE;
    if (open_ >= limits_.most) return std::nullopt;
    io::Fd fd = udp_target_socket(sources_[source].address, sources_[source].v4, error);
    if (!fd.is_open()) return std::nullopt;
    return watch(std::move(fd), source, error);
}

std::optional<std::uint32_t> UdpTargetSockets::watch(io::Fd fd, std::size_t source, int& error) {
    const std::uint32_t socket = put(std::move(fd), source);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = token_ + socket;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, sockets_[socket].fd.get(), &event) == 0) return socket;
    error = errno;
    close(socket);
    return std::nullopt;
}

std::uint32_t UdpTargetSockets::put(io::Fd fd, std::size_t source) {
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(sockets_.size()));
        sockets_.emplace_back();
    }
    const std::uint32_t socket = free_.back();
    free_.pop_back();
    sockets_[socket] = {std::move(fd), source, 0, 0, 0};
    ++open_;
    if (source == kOwn) return socket;
    Source& of = sources_[source];
    sockets_[socket].position = of.open.size();
    of.open.push_back(socket);
    ++of.idle;
    return socket;
}

void UdpTargetSockets::give_back(std::uint32_t socket) {
    Socket& one = sockets_[socket];
    if (--one.flows != 0) return;
    if (one.source == kOwn || ++sources_[one.source].idle > kSpare) close(socket);
}

std::vector<std::pair<std::size_t, io::Fd>> UdpTargetSockets::give_up() {
    std::vector<std::pair<std::size_t, io::Fd>> all;
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
        if (sockets_[i].flows == 0) continue;
        ::epoll_ctl(epoll_, EPOLL_CTL_DEL, sockets_[i].fd.get(), nullptr);
        all.emplace_back(i, std::move(sockets_[i].fd));
    }
    sockets_.clear();
    free_.clear();
    sources_.clear();
    open_ = 0;
    return all;
}

std::optional<std::uint32_t> UdpTargetSockets::adopt(io::Fd fd) {
    if (open_ >= limits_.most) return std::nullopt;
    const auto of = shared_source_of(fd.get());
    std::size_t source = kOwn;
    if (of && !limits_.connects) {
        const bool is_any = of->address.is_unspecified();
        const auto address = io::SocketAddress::from(Endpoint{of->address, 0});
        source = source_of(is_any ? std::nullopt : std::optional(address), of->address.is_v4());
    }
    int error = 0;
    return watch(std::move(fd), source, error);
}

void UdpTargetSockets::leave_source(const Socket& socket) {
    Source& of = sources_[socket.source];
    const std::uint32_t last = of.open.back();
    of.open[socket.position] = last;
    sockets_[last].position = socket.position;
    of.open.pop_back();
    --of.idle;
}

/// It has no flow.
void UdpTargetSockets::close(std::uint32_t socket) {
    Socket& one = sockets_[socket];
    if (one.source != kOwn) leave_source(one);
    --open_;
    one.fd.reset();
    free_.push_back(socket);
}

} // namespace nlb::proxy
