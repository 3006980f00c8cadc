// SPDX-License-Identifier: Apache-2.0
// --takeover: this process goes on with the listening sockets of one that runs, and later gives
// them to the next. A socket is never closed on the way, so what waits in its queue waits on.
//
//   new > old   connects
//   old > new   listening-sockets lines with their descriptors, then a takeover line with those of
//               the socket at which they met, and of its lock
//   new > old   once its first route-set is in force: a listening-sockets line without descriptors
//               for each place where it should listen and could not, then a takeover line
//   old > new   if it listens at one of those by now: lines and descriptors as above, of them only
//               (and the new one says again how it went)
//   old > new   else udp-flow lines, each with the socket that leads to its target if that was not
//               sent yet
//   old         closes the connection and drains
//
// Whoever goes away before the last takeover line has changed nothing. A third process waits in
// the queue of the meeting socket until the second one serves.
#pragma once

#include "io/descriptors.hpp"
#include "io/event_loop.hpp"
#include "io/socket.hpp"
#include "proxy/proxy.hpp"

#include "contract/messages.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

class Takeover {
  public:
    struct Handlers {
        std::function<const nlb::proxy::SocketsByPlace&()> sockets; ///< what there is to give
        /// More of what the process that runs has; confirm() tells it how that went.
        std::function<void(nlb::proxy::SocketsByPlace)> on_more;
        /// A UDP flow of the process that runs, and the socket that leads to its target unless that
        /// came with an earlier one.
        std::function<void(const nlb::proxy::UdpArrival&, nlb::io::Fd)> on_flow;
        std::function<void()> on_alone; ///< the process that ran has left, or is no more
        std::function<void()> on_taken; ///< another process serves all of them: send_flows()
        std::function<void(const std::string&)> on_warning;
    };

    /// `path`: of the Unix socket at which processes meet.
    Takeover(nlb::io::EventLoop& loop, std::string path, std::size_t threads, Handlers handlers);
    ~Takeover();
    Takeover(const Takeover&) = delete;
    Takeover& operator=(const Takeover&) = delete;

    /// Asks the process that runs for its sockets and gets them within seconds; without such a
    /// process none, and others may ask this one from now on. Errors: Data when it does not speak
    /// this protocol, System.
    nlb::Result<nlb::proxy::SocketsByPlace> begin();

    /// The sockets are served here: the other process may leave, unless it listens at a place that
    /// is `missing` here. Without effect while it has not answered the last one.
    void confirm(const std::vector<nlb::proxy::ListenerPlace>& missing);

    /// After on_taken: all UDP flows of this process.
    void send_flows(const std::vector<nlb::proxy::UdpHandover>& handovers);

    /// No other process has the sockets that this one has or gets.
    [[nodiscard]] bool is_alone() const { return !predecessor_.is_open(); }

  private:
    // takeover.cpp: towards the process that runs
    void on_predecessor();
    nlb::Result<nlb::proxy::SocketsByPlace> take_over(nlb::io::Fd running);
    nlb::Result<bool> take_offer(nlb::proxy::SocketsByPlace& sockets);
    nlb::Result<void> take(const nlb::contract::Message& message,
                           nlb::proxy::SocketsByPlace& sockets);
    nlb::Result<void> take_end(const nlb::contract::Takeover& end);
    void part();

    // takeover_flows.cpp
    void take_flow(const nlb::contract::UdpFlow& line);

    // takeover_successor.cpp: towards the one that asks
    nlb::Result<void> serve();
    void on_asked();
    nlb::Result<void> offer(const nlb::proxy::SocketsByPlace& all,
                            const std::vector<nlb::proxy::ListenerPlace>& places);
    nlb::Result<void> offer_everything();
    void on_answer();
    nlb::Result<bool> take_answer();
    nlb::Result<bool> lacks_ours();
    void leave();
    void forget_asker();
    void warn_unless(const nlb::Result<void>& done);

    nlb::io::EventLoop& loop_;
    std::string path_;
    std::size_t threads_;
    Handlers handlers_;
    nlb::io::Fd predecessor_;
    nlb::io::DescriptorReader offer_;
    std::size_t lines_ = 0; ///< of the offer, until its takeover line
    nlb::proxy::SocketsByPlace more_;
    bool is_answered_ = false; ///< the latest offer
    std::optional<nlb::io::UnixListener> listener_;
    nlb::io::Fd asker_; ///< has the descriptors and did not confirm yet
    nlb::io::DescriptorReader answer_;
    std::vector<nlb::proxy::ListenerPlace> missing_; ///< there
    nlb::io::Fd heir_;                               ///< it has confirmed, and gets the flows
    nlb::io::EventLoop::TimerId patience_ = 0;       ///< with the process that runs
};
