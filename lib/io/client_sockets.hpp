// SPDX-License-Identifier: Apache-2.0
// TCP sockets for many short connections out of one thread. A socket whose connection has ended on
// the target's side is taken back to the unconnected state and connects again: making, watching
// and freeing one costs more than a quarter of a short connection.
#pragma once

#include "io/fd.hpp"

#include "base/ip.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

namespace nlb::io {

class ClientSockets {
  public:
    /// Sockets of one kind may stand in for each other.
    struct Kind {
        IpFamily family = IpFamily::V4;
        std::optional<IpAddress> source; ///< of the same family; none: the host's choice
        bool speaks_first = false;       ///< bytes follow the connect at once

        auto operator<=>(const Kind&) const = default;
    };

    struct Connecting {
        Fd socket;            ///< non-blocking, close-on-exec; closed when `error` says why
        int error = 0;        ///< 0: connected or on the way; else the errno of what failed
        bool is_bound = true; ///< false: the host does not have the source and chose another
    };

    /// Begins to connect.
    Connecting connect(const Kind& kind, const Endpoint& target);

    /// How the connect of `socket` went: 0, EALREADY while there is no answer, or an error.
    static int connect_answer(const Fd& socket, const Endpoint& target);

    /// Ends a connection of which the target has ended its side, everything it sent having been
    /// read: it hears a RST, one packet in place of the last two of a close.
    void end(const Kind& kind, Fd socket);

    /// Sockets kept, of all kinds.
    [[nodiscard]] std::size_t kept() const;

  private:
    static Connecting fresh(const Kind& kind, const Endpoint& target);

    std::map<Kind, std::vector<Fd>> kept_;
};

} // namespace nlb::io
