// SPDX-License-Identifier: Apache-2.0
// Proxy: the socket datapath as its owner sees it. Route-sets go in; workers, listening sockets and
// connections follow; what happened comes back through handlers in the owner's loop.
//
// The node's stack terminates both connections: a client's handshake is answered before its target
// is known to answer, and what the target refuses or ignores reaches the client as a reset
// [guide, p.2]. Sequence numbers and the client's address are not kept in this datapath.
#pragma once

#include "io/event_loop.hpp"
#include "proxy/listening.hpp"
#include "proxy/outbox.hpp"
#include "proxy/route_book.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

namespace nlb::proxy {

class Worker;
enum class Drain : std::uint8_t;

/// A UDP flow of another process.
struct UdpArrival {
    ListenerPlace place;
    model::TargetId target;
    Endpoint target_at;
    HandedFlow flow; ///< without a label
};

class Proxy {
  public:
    struct Options {
        std::size_t threads = 1;
        Nanos connect_timeout = Nanos::seconds(30); ///< [guide, p.14]
        std::string zone;                           ///< serve only this one; empty: all
        bool records_flows = false;                 ///< on_flows is wanted
        std::uint32_t connect_retries = 0;          ///< on other targets, before any byte
        bool is_beside_packets = false;       ///< the packet path serves this host's addresses
        std::size_t most_udp_flows = 524'288; ///< at a time, by all threads
        bool may_hand_over = false;           ///< listening_sockets() is wanted
    };

    struct Handlers {
        std::function<void(const std::string&)> on_notice;
        std::function<void(const contract::ListenerState&)> on_listener_state;
        std::function<void(const contract::RouteApplied&)> on_applied;
        /// Every worker listens as the latest sets say, as far as their listeners could be bound;
        /// again after what could not was tried again.
        std::function<void()> on_served;
        std::function<void(std::vector<FlowRecord>)> on_flows;
        /// At most once a second.
        std::function<void(const contract::TargetEvidence&)> on_evidence;
        /// After hand_over(): the flows of every worker, and their sockets.
        std::function<void(std::vector<UdpHandover>)> on_handed_over;
        std::function<void()> on_drained; ///< after drain(): no connection is left
    };

    /// Raises the limit of open descriptors to the hard limit and starts the threads, which
    /// inherit the caller's signal mask. Errors: System.
    static Result<std::unique_ptr<Proxy>> start(io::EventLoop& loop, Options options,
                                                Handlers handlers);
    ~Proxy(); ///< resets every connection that is left
    Proxy(const Proxy&) = delete;
    Proxy& operator=(const Proxy&) = delete;

    /// Takes sets that belong together; their last line came at `received`. With `is_everything`
    /// scopes that are not among them are gone. on_applied follows when every worker uses them.
    void apply(std::span<const contract::Set> sets, bool is_everything, Nanos received);

    /// Listeners get these sockets instead of new ones: those of the first apply(), or, when there
    /// was one, those that could not be bound. More or fewer than threads.
    void inherit(SocketsByPlace sockets);

    /// Before the first apply(): no datagram of a client is read until begin_datagrams(), because
    /// the flows of another process will come by adopt().
    void hold_datagrams() { holds_datagrams_ = true; }

    /// A flow that another process gave up; `leads_by` is the socket with the number that it says,
    /// or closed when that came already. Without effect when its listener or target is not here.
    void adopt(const UdpArrival& flow, io::Fd leads_by);

    /// No more flows come.
    void begin_datagrams();

    /// False: a listener could not take the sockets that were inherited for it, and tries again.
    [[nodiscard]] bool has_taken_inherited() const { return listening_.has_taken_inherited(); }

    /// What the latest sets want and could not be bound.
    [[nodiscard]] const std::vector<ListenerPlace>& unbound() const { return listening_.unbound(); }

    /// What a process that takes over needs.
    [[nodiscard]] const SocketsByPlace& listening_sockets() const { return listening_.sockets(); }

    [[nodiscard]] std::vector<contract::ListenerState> listener_states() const {
        return listening_.states();
    }

    /// Totals since the start, all lines.
    [[nodiscard]] std::vector<contract::Counter> counters() const;

    /// The ring of every group and zone that sockets serve.
    [[nodiscard]] std::vector<tables::RingSummary> rings() const { return book_.rings(); }

    /// Asks a worker for some of its flows, which come later by `on_portion`; not after stop().
    void show(const FlowCursor& where, bool with_source,
              std::function<void(const FlowPortion&)> on_portion);

    [[nodiscard]] std::size_t workers() const { return workers_.size(); }

    /// Connections and UDP flows now.
    [[nodiscard]] std::size_t live() const;

    /// Closes the listening sockets and lets connections end.
    void drain();

    /// When another process has taken the listening sockets: what waits there is its. UDP flows end
    /// here and go on there; connections go on here.
    void hand_over();

    /// Resets every connection that is left and ends the threads; the last records come during
    /// this call.
    void stop();

    /// So many flow records were thrown away because nobody took them.
    void count_dropped_records(std::size_t count) {
        own_counters_.add(static_cast<std::size_t>(ProcessCount::FlowRecordDropped), count);
    }

  private:
    struct Job {
        std::optional<std::uint64_t> generation; // nothing: what could not be bound is tried again
        Nanos received;
        std::size_t missing = 0; // workers that have not answered
    };

    Proxy(io::EventLoop& loop, Options options, Handlers handlers);
    Result<void> start_workers();
    void drain(Drain how);
    void reconcile(const Job& job);
    void end_those_of(const std::shared_ptr<const TargetEnds>& targets);
    // proxy_handover.cpp
    void withhold(Listening::Changes& changes);
    std::shared_ptr<const FlowLabel> label_of(const UdpArrival& flow, const ListenerRoute& route);
    void take_handover(UdpHandover handover);

    void retry();
    void retry_later();
    void on_outbox();
    void on_done(std::uint64_t job);
    void say_now_and_then(const std::string& text);
    void tell_evidence(Nanos now);

    io::EventLoop& loop_;
    Options options_;
    Handlers handlers_;
    RouteBook book_;
    Listening listening_;
    Outbox outbox_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::map<std::uint64_t, Job> jobs_;
    std::uint64_t next_job_ = 1;
    std::map<std::uint64_t, std::function<void(const FlowPortion&)>> questions_;
    std::uint64_t next_question_ = 1;
    std::shared_ptr<const RoutingTable> table_; // the latest
    bool holds_datagrams_ = false;
    std::vector<std::pair<std::uint32_t, std::vector<io::Fd>>> held_; // slot and its sockets
    std::vector<UdpHandover> adoptions_;                              // by worker
    std::size_t adopted_ = 0;
    std::map<std::size_t, std::size_t> adopted_by_; // the worker that reads a socket to targets
    std::map<std::tuple<const ListenerRoute*, model::TargetId, Endpoint>,
             std::shared_ptr<const FlowLabel>>
        labels_; // of adopted flows
    std::vector<UdpHandover> departures_;
    io::EventLoop::TimerId retry_ = 0;
    contract::Evidence evidence_;
    Troubles troubles_;
    io::EventLoop::TimerId telling_ = 0; // 0: evidence may be told at once
    Nanos backoff_;
    ProcessBlock own_counters_;                // of the control thread
    std::map<std::string, Nanos> quiet_until_; // what comes and goes many times a second
    std::size_t idle_workers_ = 0;
    bool draining_ = false;
};

} // namespace nlb::proxy
