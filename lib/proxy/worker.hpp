// SPDX-License-Identifier: Apache-2.0
// Worker: one thread with its own epoll, its own listening sockets (SO_REUSEPORT: the kernel
// spreads connections over the workers) and its own connections. It shares nothing with the other
// workers; commands reach it through a mailbox, and what it has to say goes to the Outbox.
#pragma once

#include "proxy/idle_wheel.hpp"
#include "proxy/outbox.hpp"
#include "proxy/socket_io.hpp"
#include "proxy/target_ends.hpp"
#include "proxy/udp_forwarder.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

struct epoll_event;

namespace nlb::proxy {

/// What becomes of the listening sockets of a worker that takes no new flows.
enum class Drain : std::uint8_t {
    No,
    Close,   ///< what waits in them is served before they are closed
    HandOver ///< another process goes on with them
};

class Worker {
  public:
    struct Options {
        std::size_t index = 0; ///< which block of each counter is its own
        std::int64_t connect_timeout_ms = 30'000;
        bool records_flows = false;
        std::uint32_t connect_retries = 0;
        std::size_t most_udp_flows = 0;
        UdpTargetSockets::Limits udp_sockets;
    };

    /// A place of the limit, for a connection that waits at the slot.
    struct HeldPlace {
        std::uint32_t slot = 0;
        std::shared_ptr<ConnectionLimit> limit;
    };

    /// Which of its flows are to be shown.
    struct Question {
        std::uint64_t number = 0; ///< of the FlowPortion that answers it
        Transport transport = Transport::Tcp;
        std::uint32_t place = 0;
        bool with_source = false;
    };

    struct Command {
        std::shared_ptr<const RoutingTable> table;            ///< null: keep the present one
        std::vector<std::pair<std::uint32_t, io::Fd>> listen; ///< slot and listening socket
        std::vector<std::uint32_t> close;                     ///< slots; done before `listen`
        std::vector<HeldPlace> places;                        ///< done after `table`
        std::unique_ptr<UdpHandover> adopts;                  ///< done after `listen`; null: none
        std::shared_ptr<const TargetEnds> ends;               ///< done after `table`; null: none
        std::optional<Question> question;
        std::uint64_t job = 0;   ///< reported when done; 0: not
        Drain drain = Drain::No; ///< accept no more, say when the last flow is gone
        bool stop = false;       ///< reset every connection and end the thread
    };

    static Result<std::unique_ptr<Worker>> make(Options options, Outbox& outbox);
    ~Worker(); ///< stops and joins
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void start();

    /// Resets every connection and ends the thread; returns when it has ended.
    void stop();

    /// From any thread.
    void post(Command command);

    [[nodiscard]] std::size_t live() const { return live_.load(std::memory_order_relaxed); }

    [[nodiscard]] const ProcessBlock& counters() const { return counters_; }

  private:
    Worker(Options options, Outbox& outbox, io::Fd epoll, io::Fd bell);

    // worker.cpp: the loop
    void run();
    void dispatch(const epoll_event& event);
    void take_turns();
    void look_at_due();
    void end_round();
    void put_records(std::vector<FlowRecord>& flows);
    [[nodiscard]] int wait_ms() const;

    struct Listener {
        io::Fd socket;
        std::shared_ptr<ConnectionLimit> waits_for; ///< a place; null: connections are accepted
    };

    [[nodiscard]] std::size_t flows() const { return connections_.size() + udp_.live(); }

    void read_clock();

    // worker.cpp: commands
    void take_commands();
    void obey(Command& command);
    void listen(std::uint32_t slot, io::Fd socket);
    void drain(Drain how);
    void close_listener(std::uint32_t slot);
    void stop_all();

    // worker_accept.cpp: from a listening socket to two connected ones
    enum class Accepted : std::uint8_t { All, MaybeNotAll, NoPlace };
    bool accept_on(std::uint32_t slot);
    void accept_all(std::uint32_t slot);
    Accepted accept_some(std::uint32_t slot, const ListenerRoute& route, bool has_place);
    bool accept_one(std::uint32_t slot, const ListenerRoute& route);
    [[nodiscard]] const ListenerRoute* route_at(std::uint32_t slot) const;
    void wait_for_place(std::uint32_t slot, const ListenerRoute& route);
    void on_place(const HeldPlace& place);
    void stop_waiting(std::uint32_t slot);
    void stop_waiting_where_limits_changed();
    void open(io::Fd client, const Endpoint& peer, const ListenerRoute& route);
    io::Fd take_socket(bool v4);
    bool has_spare(const ListenerRoute& route);
    std::uint32_t sequence_of(const io::Fd& client);
    void pause_accepting();
    void resume_accepting();
    void watch_listener(std::uint32_t slot, int operation);
    void watch_listeners();

    // worker_connect.cpp: the way to a target
    End connect_to(Connection& connection, const ListenerRoute& route, std::uint32_t number);
    End bind_socket(Connection& connection, const ListenerRoute& route, const TargetRoute& target);
    void connect_failed(Connection& connection, End why);
    static End end_of_call(int error);
    static void give_back_port(Connection& connection);
    [[nodiscard]] const ListenerRoute* route_of(const ListenerInfo& listener) const;
    [[nodiscard]] std::int64_t connect_check_ms(const ListenerRoute& route) const;

    // worker_show.cpp: for who lists flows
    [[nodiscard]] LiveFlow shown(const Connection& connection, bool with_source) const;
    void show(const Question& question);

    // worker_connection.cpp: what happens to a connection
    void on_event(Connection& connection, Side side, std::uint32_t events);
    void on_target_answer(Connection& connection, std::uint32_t events);
    void move(Connection& connection);
    void end_those_of(const TargetEnds& targets);
    void check_idle(Connection& connection);
    [[nodiscard]] PacketsSeen packets_of(const Connection& connection) const;
    void end(Connection& connection, End why);
    void count(const ListenerInfo& listener, Count what, std::uint64_t amount = 1);

    Options options_;
    Outbox& outbox_;
    io::Fd epoll_;
    io::Fd bell_;
    ProcessBlock counters_;
    SocketIo io_;
    ConnectionPool connections_;
    UdpForwarder udp_;
    IdleWheel wheel_;
    std::vector<IdleWheel::Id> due_;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> turns_; // index, generation
    std::vector<FlowRecord> flows_;
    std::vector<TargetSign> signs_;
    std::vector<Trouble> troubles_;
    std::vector<std::shared_ptr<const ListenerInfo>> full_; // reached their limit
    std::vector<Listener> listeners_;                       // by slot; closed where there is none
    ConnectionLimit::OnPlace on_place_;
    std::array<io::Fd, 2> spare_; // an unconnected socket of each family
    std::shared_ptr<const RoutingTable> table_;
    std::int64_t now_ms_ = 0;
    std::int64_t resume_at_ms_ = 0; // of accepting; 0: not paused
    bool draining_ = false;
    bool stopping_ = false;
    std::atomic<std::size_t> live_{0};

    std::mutex mutex_;
    std::vector<Command> mailbox_;
    std::thread thread_;
};

} // namespace nlb::proxy
