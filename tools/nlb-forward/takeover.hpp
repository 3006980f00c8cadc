// SPDX-License-Identifier: Apache-2.0
// --takeover: this process goes on with the listening sockets of one that runs, and later gives
// them to the next. A socket is never closed on the way, so what waits in its queue waits on.
//
//   new > old   connects
//   old > new   listening-sockets lines with their descriptors, then a takeover line with those of
//               the socket at which they met, and of its lock
//   new > old   a takeover line, once its first route-set is in force
//   old         closes the connection and drains
//
// Whoever goes away before the second takeover line has changed nothing. A third process waits in
// the queue of the meeting socket until the second one serves.
#pragma once

#include "io/event_loop.hpp"
#include "io/socket.hpp"
#include "proxy/listening.hpp"

#include "contract/messages.hpp"

#include <functional>
#include <optional>
#include <string>

class Takeover {
  public:
    struct Handlers {
        std::function<const nlb::proxy::SocketsByPlace&()> sockets; ///< what there is to give
        std::function<void()> on_taken; ///< another process serves all of them
        std::function<void(const std::string&)> on_warning;
    };

    /// `path`: of the Unix socket at which processes meet; `threads`: sockets of each listener.
    Takeover(nlb::io::EventLoop& loop, std::string path, std::size_t threads, Handlers handlers);
    ~Takeover();
    Takeover(const Takeover&) = delete;
    Takeover& operator=(const Takeover&) = delete;

    /// Asks the process that runs for its sockets and gets them within seconds; without such a
    /// process none, and others may ask this one from now on. Errors: Usage when it has another
    /// number of threads, Data when it does not speak this protocol, System.
    nlb::Result<nlb::proxy::SocketsByPlace> begin();

    /// The sockets are served here: the other process may leave.
    void confirm();

  private:
    nlb::Result<nlb::proxy::SocketsByPlace> receive();
    nlb::Result<void> take(const nlb::contract::Message& message,
                           std::vector<nlb::io::Fd>& descriptors,
                           nlb::proxy::SocketsByPlace& sockets) const;
    nlb::Result<void> take_end(const nlb::contract::Takeover& end, std::size_t listeners,
                               std::vector<nlb::io::Fd>& meeting);
    nlb::Result<void> serve();
    void on_asked();
    nlb::Result<void> offer();
    void on_answer();
    void forget_asker();
    void warn_unless(const nlb::Result<void>& done);

    nlb::io::EventLoop& loop_;
    std::string path_;
    std::size_t threads_;
    Handlers handlers_;
    nlb::io::Fd predecessor_;
    std::optional<nlb::io::UnixListener> listener_;
    nlb::io::Fd asker_; ///< has the descriptors and did not confirm yet
    std::string answer_;
};
