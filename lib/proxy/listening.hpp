// SPDX-License-Identifier: Apache-2.0
// Listening: which addresses are bound, which could not be, and what changes with a new route-set.
// A listener that keeps its address keeps its sockets, whatever else about it changes.
#pragma once

#include "io/fd.hpp"
#include "proxy/route_book.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nlb::proxy {

/// Where the sockets of one listener listen.
struct ListenerPlace {
    Endpoint address;
    Transport transport = Transport::Tcp;

    auto operator<=>(const ListenerPlace&) const = default;
};

/// `count` sockets that listen there, beside `others` that this process has; the kernel spreads
/// connections over all of them, and the flows of datagrams by a hash of both ends, so that a flow
/// stays with its socket as long as their number does (SO_REUSEPORT). What they send leaves from
/// the address. Another process that listens there is EADDRINUSE, also when it would share. Errors:
/// System with errno.
Result<std::vector<io::Fd>> listening_sockets(const ListenerPlace& place, std::size_t count,
                                              std::size_t others);

/// May a TCP socket be bound to this address here?
bool is_local_address(const IpAddress& address);

/// The sockets of each place in the order in which they were bound: one for each worker of the
/// process that bound them.
using SocketsByPlace = std::map<ListenerPlace, std::vector<io::Fd>>;

class Listening {
  public:
    /// `keeps_copies`: another process may ask for the sockets.
    Listening(std::size_t workers, bool keeps_copies)
        : workers_(workers), keeps_copies_(keeps_copies) {}

    /// Sockets that another process listens with: the next reconcile() takes those that it wants
    /// instead of binding new ones, and closes the others. There may be more or fewer than workers.
    void inherit(SocketsByPlace sockets) { inherited_.merge(sockets); }

    /// False: reconcile() wanted inherited sockets and could not take them; it will with the next.
    [[nodiscard]] bool has_taken_inherited() const { return inherited_.empty(); }

    /// What is wanted and was not to be had.
    [[nodiscard]] const std::vector<ListenerPlace>& unbound() const { return unbound_; }

    /// Of every listener that is served, second descriptors of the workers' sockets; none unless it
    /// keeps copies.
    [[nodiscard]] const SocketsByPlace& sockets() const { return sockets_; }

    /// Before the workers stop listening: the second descriptors go.
    void forget_sockets() { sockets_.clear(); }

    struct Changes {
        std::shared_ptr<const RoutingTable> table;
        std::vector<std::uint32_t> close; ///< slots
        /// Slot and the socket of each worker; closed: it has none there.
        std::vector<std::pair<std::uint32_t, std::vector<io::Fd>>> open;
        std::vector<contract::ListenerState> states; ///< those that differ from before
        bool retry = false; ///< an address could not be bound: try again later
    };

    Changes reconcile(const std::vector<WantedListener>& wanted);

    /// Who reads the socket with this number of a place's.
    struct Reader {
        std::uint32_t slot = 0;
        std::size_t worker = 0;
    };

    /// Nothing when there is no such socket.
    [[nodiscard]] std::optional<Reader> reader(const ListenerPlace& place,
                                               std::size_t socket) const;

    /// The number of the socket that the worker has in the slot.
    [[nodiscard]] std::size_t number_of(std::uint32_t slot, std::size_t worker) const;

    /// Of every listener that is wanted.
    [[nodiscard]] std::vector<contract::ListenerState> states() const;

  private:
    using Key = std::pair<std::string, std::string>; // listener and zone

    struct Outcome {
        int error = 0;
        std::string why;
    };

    Outcome place(const WantedListener& wanted, const std::map<ListenerPlace, bool>& claimed,
                  RoutingTable& table, Changes& changes);
    Result<std::vector<io::Fd>> sockets_for(const ListenerPlace& place);
    std::vector<std::uint32_t> open(std::vector<io::Fd> sockets, Changes& changes);
    static ListenerPlace place_of(const WantedListener& wanted);
    std::uint32_t free_slot();
    void close_unclaimed(const std::map<ListenerPlace, bool>& claimed, Changes& changes);
    void tell(const std::map<Key, contract::ListenerState>& now, Changes& changes);

    std::size_t workers_;
    bool keeps_copies_;
    std::map<ListenerPlace, std::vector<std::uint32_t>> slots_;
    SocketsByPlace sockets_;
    SocketsByPlace inherited_;
    std::vector<ListenerPlace> unbound_;
    std::vector<bool> used_; // slots
    std::map<Key, contract::ListenerState> states_;
};

} // namespace nlb::proxy
