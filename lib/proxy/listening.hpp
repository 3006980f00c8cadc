// SPDX-License-Identifier: Apache-2.0
// Listening: which addresses are bound, which could not be, and what changes with a new route-set.
// A listener that keeps its address keeps its sockets, whatever else about it changes.
#pragma once

#include "io/fd.hpp"
#include "proxy/route_book.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace nlb::proxy {

/// One listening socket for each of `count` workers, all bound to `address`; the kernel spreads
/// connections over them (SO_REUSEPORT). Another process that listens there is EADDRINUSE, also
/// when it would share. Errors: System with errno.
Result<std::vector<io::Fd>> listening_sockets(const Endpoint& address, std::size_t count);

/// May a TCP socket be bound to this address here?
bool is_local_address(const IpAddress& address);

class Listening {
  public:
    explicit Listening(std::size_t workers) : workers_(workers) {}

    struct Changes {
        std::shared_ptr<const RoutingTable> table;
        std::vector<std::uint32_t> close; ///< slots
        /// Slot and one socket for each worker.
        std::vector<std::pair<std::uint32_t, std::vector<io::Fd>>> open;
        std::vector<contract::ListenerState> states; ///< those that differ from before
        bool retry = false; ///< an address could not be bound: try again later
    };

    Changes reconcile(const std::vector<WantedListener>& wanted);

    /// Of every listener that is wanted.
    [[nodiscard]] std::vector<contract::ListenerState> states() const;

  private:
    using Key = std::pair<std::string, std::string>; // listener and zone
    using Place = std::pair<Endpoint, Transport>;

    struct Outcome {
        int error = 0;
        std::string why;
    };

    Outcome place(const WantedListener& wanted, const std::map<Place, bool>& claimed,
                  RoutingTable& table, Changes& changes);
    static Place place_of(const WantedListener& wanted);
    std::uint32_t free_slot();
    void close_unclaimed(const std::map<Place, bool>& claimed, Changes& changes);
    void tell(const std::map<Key, contract::ListenerState>& now, Changes& changes);

    std::size_t workers_;
    std::map<Place, std::uint32_t> slots_;
    std::vector<bool> used_; // slots
    std::map<Key, contract::ListenerState> states_;
};

} // namespace nlb::proxy
