// SPDX-License-Identifier: Apache-2.0
// UdpTargetSockets: the sockets, hence source ports, that lead to targets. A socket carries a flow
// to each of many targets, so a new flow rarely costs a system call, and descriptors are needed for
// the flows of one target only. Which sockets are taken, the flows themselves say.
#pragma once

#include "io/fd.hpp"
#include "proxy/udp_flows.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace nlb::proxy {

class UdpTargetSockets {
  public:
    struct Limits {
        std::size_t most = 1024;             ///< open sockets
        std::size_t most_of_a_source = 1024; ///< of them with one address [guide, p.43]
        /// Each flow has a socket that is connected to its target: of the host's datagrams the
        /// packet path of lib/bpf lets in those of connected sockets only.
        bool connects = false;
    };

    /// Watches each socket for datagrams with this epoll; its events are `token` plus its number.
    UdpTargetSockets(int epoll, std::uint64_t token, Limits limits)
        : epoll_(epoll), token_(token), limits_(limits) {}

    /// A socket bound to `source` that no flow to `target` has; until give_back(). Nothing: `error`
    /// is the errno, EADDRINUSE when every port is taken. For a second after that the search is a
    /// short one, so that a flood of flows that find no port stays cheap.
    std::optional<std::uint32_t> take(UdpFlows& flows,
                                      const std::optional<io::SocketAddress>& source,
                                      const UdpAddress& target, std::int64_t now_ms, int& error);

    /// A socket bound to the client's address and port, until give_back(). Nothing: `error` is the
    /// errno, EADDRINUSE when a socket of this host has them.
    std::optional<std::uint32_t> take_as(const UdpAddress& client, int& error);

    /// A flow that had it ended.
    void give_back(std::uint32_t socket);

    /// All that have flows, with their numbers; there are none afterwards.
    std::vector<std::pair<std::size_t, io::Fd>> give_up();

    /// One that another process had given up, for use() and then close_unless_used(). Nothing:
    /// there is no room.
    std::optional<std::uint32_t> adopt(io::Fd fd);

    /// For one more flow; returns its number.
    std::uint32_t use(std::uint32_t socket);

    void close_unless_used(std::uint32_t socket) {
        if (sockets_[socket].flows == 0) close(socket);
    }

    [[nodiscard]] int fd(std::uint32_t socket) const { return sockets_[socket].fd.get(); }

    [[nodiscard]] std::size_t size() const { return open_; }

    /// What recvmmsg() said last of the socket's losses.
    [[nodiscard]] std::uint32_t& lost(std::uint32_t socket) { return sockets_[socket].lost; }

    static constexpr std::size_t kSpare = 16; ///< sockets of a source that are kept without a flow

  private:
    struct Socket {
        io::Fd fd;
        std::size_t source = 0;   // position in sources_; kOwn: of one flow alone
        std::size_t position = 0; // in its `open`
        std::size_t flows = 0;
        std::uint32_t lost = 0;
    };

    struct Source {
        std::optional<io::SocketAddress> address;
        bool v4 = true;
        std::vector<std::uint32_t> open;
        std::size_t idle = 0;            // of them without a flow
        std::int64_t short_until_ms = 0; // the search
    };

    std::size_t source_of(const std::optional<io::SocketAddress>& address, bool v4);
    std::optional<std::uint32_t> find_free(UdpFlows& flows, const Source& source,
                                           const UdpAddress& target, std::size_t looks);
    static constexpr std::size_t kOwn = ~std::size_t{0};

    std::optional<std::uint32_t> open(std::size_t source, int& error);
    std::optional<std::uint32_t> open_connected(const std::optional<io::SocketAddress>& source,
                                                const UdpAddress& target, int& error);
    std::optional<std::uint32_t> take_own(io::Fd fd, int& error);
    std::optional<std::uint32_t> watch(io::Fd fd, std::size_t source, int& error);
    std::uint32_t put(io::Fd fd, std::size_t source);
    void leave_source(const Socket& socket);
    void close(std::uint32_t socket);

    int epoll_;
    std::uint64_t token_;
    Limits limits_;
    std::vector<Socket> sockets_;
    std::vector<std::uint32_t> free_; // numbers
    std::vector<Source> sources_;     // few
    std::size_t open_ = 0;
    std::uint32_t turn_ = 0; // where the next search begins
};

} // namespace nlb::proxy
