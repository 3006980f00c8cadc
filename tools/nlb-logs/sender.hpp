// SPDX-License-Identifier: Apache-2.0
// One that sends entries: a client of the socket, or standard input.
#pragma once

#include "delivery/journal.hpp"

#include "io/event_loop.hpp"

#include "contract/line_splitter.hpp"
#include "contract/stream.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

/// What came in, all senders together.
struct Totals {
    std::uint64_t taken = 0;
    std::uint64_t off = 0; ///< of load balancers whose logging is off, and unwanted flows
    std::uint64_t refused = 0;
    std::string last_refusal;
};

class Sender {
  public:
    /// `hello` opens what is sent back; standard input gets nothing back.
    Sender(nlb::io::EventLoop& loop, nlb::io::Fd in, bool is_socket, nlb::contract::Hello hello,
           nlb::delivery::Journal& journal, Totals& totals);
    ~Sender();
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;

    nlb::Result<void> start();

    /// Takes no more until it is called with true.
    void set_reading(bool reads);

    [[nodiscard]] bool wants_ack() const { return is_socket_ && seq_ > acknowledged_; }

    /// Everything that came so far is kept: says so.
    void acknowledge();

    [[nodiscard]] bool ended() const { return ended_; }

  private:
    void on_event(std::uint32_t events);
    void read();
    void take(std::string_view line);
    void take_message(std::string_view line);
    void count(nlb::delivery::Journal::Taken how);
    void refuse(std::string_view why);
    void flush();
    void end();
    void watch();

    nlb::io::EventLoop& loop_;
    nlb::io::Fd in_;
    bool is_socket_;
    nlb::delivery::Journal& journal_;
    Totals& totals_;
    nlb::contract::LineSplitter splitter_;
    nlb::contract::Decoder decoder_;
    nlb::contract::Decoded decoded_; ///< of the last line; its memory is used again
    nlb::contract::StreamWriter answers_;
    nlb::WallTime came_;    // when what is being read now came
    std::uint64_t seq_ = 0; // of the last line that came
    std::uint64_t acknowledged_ = 0;
    bool reads_ = true;
    bool said_all_ = false; // nothing more comes, but it waits for its answer
    bool ended_ = false;
};
