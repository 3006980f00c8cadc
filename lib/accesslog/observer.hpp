// SPDX-License-Identifier: Apache-2.0
// Observer: the TLS connections in a capture as a load balancer would have told of them, from what
// is not encrypted. Time is the capture's. A pure machine.
//
// A connection counts once its three-way handshake was seen and its client has begun a TLS
// handshake, or it belongs to a known listener; it is told of when it ends. Who served it and
// with which certificate is not in the capture.
#pragma once

#include "base/ip.hpp"
#include "base/time.hpp"
#include "contract/messages.hpp"
#include "wire/tcp_stream.hpp"

#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace nlb::accesslog {

class Observer {
  public:
    struct Listener {
        Endpoint at;
        model::LoadBalancerId elb;
        model::ListenerId id;
        bool has_alpn_policy = false; ///< else the client's protocols are not logged [p.83]
    };

    struct Seen {
        Nanos time; ///< since 1970
        Endpoint from;
        Endpoint to;
        bool ack = false;
        wire::TcpSegment tcp;
    };

    /// Application data of one direction, as long as nothing of it was missing.
    struct Sealed {
        std::uint64_t records = 0;
        std::uint64_t bytes = 0; ///< of their contents, encrypted
    };

    struct Choice {
        std::uint16_t version = 0; ///< 0x0301-0x0304
        std::uint16_t cipher = 0;
        std::optional<std::uint16_t> group;
    };

    struct Ended {
        /// Without cipher and group, whose numbers are in `choice`, and without bytes.
        contract::TlsConnection entry;
        std::optional<Choice> choice; ///< absent: the negotiation did not complete
        std::optional<Sealed> received;
        std::optional<Sealed> sent;
    };

    /// Of `listeners` only, if there are any; else of every address.
    explicit Observer(std::vector<Listener> listeners);
    ~Observer();
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;

    /// Segments in the order of the capture.
    void take(const Seen& seen);

    /// The connections that ended since the last call, in that order.
    std::vector<Ended> drain() { return std::exchange(ended_, {}); }

    /// Connections that have not ended yet, TLS or not known to be something else.
    [[nodiscard]] std::size_t open() const;

    /// Those that were not followed because too many were open.
    [[nodiscard]] std::uint64_t ignored() const { return ignored_; }

  private:
    struct Direction;
    struct Connection;
    using Key = std::pair<Endpoint, Endpoint>; // client, server

    void begin(const Seen& seen);
    void from_client(Connection& connection, const Seen& seen);
    void from_server(Connection& connection, const Seen& seen);
    static void tell_hello(const Connection& connection, contract::TlsConnection& entry);
    static void tell_answer(const Connection& connection, Ended& ended);
    void end(const Connection& connection, Nanos now);

    std::map<Endpoint, Listener> listeners_;
    std::map<Key, std::unique_ptr<Connection>> connections_;
    std::vector<Ended> ended_;
    std::uint64_t ignored_ = 0;
};

} // namespace nlb::accesslog
