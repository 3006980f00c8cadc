// SPDX-License-Identifier: Apache-2.0
// A stream of messages over descriptors: reads what comes, writes what is put, in an EventLoop.
// The same for a pipe pair (stdin, stdout), a file, and a Unix socket.
#pragma once

#include "io/event_loop.hpp"

#include "contract/stream.hpp"

#include <functional>

namespace nlb::io {

class MessageLink {
  public:
    struct Handlers {
        std::function<void(const contract::Event&)> on_event;
        /// After the events of one read, when no further bytes wait: time to act on them.
        std::function<void()> on_batch;
        /// The input ended (a value) or a call failed (an error: EPIPE when the reader is gone).
        /// After the end of a pipe's input its output still works, and its failure is told by a
        /// second call; a socket ends as a whole. The link must outlive the call.
        std::function<void(Result<void>)> on_closed;
    };

    /// `in` may be closed (a link that only writes), and so may `out` (only reads); for a socket
    /// both are descriptors of the same socket. Writes the hello at once.
    static Result<std::unique_ptr<MessageLink>> make(EventLoop& loop, Fd in, Fd out,
                                                     contract::Hello hello, Handlers handlers);
    ~MessageLink();
    MessageLink(const MessageLink&) = delete;
    MessageLink& operator=(const MessageLink&) = delete;

    [[nodiscard]] contract::StreamWriter& writer() { return writer_; }

    void put(const contract::Message& message) { writer_.put(message); }

    /// Sends what can be sent without blocking; the rest goes out as the loop runs. A peer that
    /// lets kMostPending bytes pile up is closed.
    void flush();

    /// True when nothing waits to be written.
    [[nodiscard]] bool is_flushed() const { return writer_.pending().empty(); }

    static constexpr std::size_t kMostPending = 256U << 20;

  private:
    MessageLink(EventLoop& loop, Fd in, Fd out, contract::Hello hello, Handlers handlers);
    Result<void> start();
    void on_readable();
    void on_out_event(std::uint32_t events);
    void end(Result<void> how);
    void end_input();
    void watch_for_space(bool wanted);

    EventLoop& loop_;
    Fd in_;
    Fd out_;
    Handlers handlers_;
    contract::StreamReader reader_;
    contract::StreamWriter writer_;
    bool out_is_socket_ = false;
    bool out_watched_ = false;
    bool ended_ = false;  // the input
    bool failed_ = false; // and the output, too
};

} // namespace nlb::io
