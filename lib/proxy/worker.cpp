// SPDX-License-Identifier: Apache-2.0
#include "proxy/worker.hpp"

#include "io/clock.hpp"
#include "proxy/worker_detail.hpp"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>

namespace nlb::proxy {

Result<std::unique_ptr<Worker>> Worker::make(Options options, Outbox& outbox) {
    io::Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
    if (!epoll.is_open()) return io::sys_error("create an epoll descriptor");
    io::Fd bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!bell.is_open()) return io::sys_error("create an event descriptor");
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kBellToken;
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, bell.get(), &event) != 0) {
        return io::sys_error("watch an event descriptor");
    }
    return std::unique_ptr<Worker>(new Worker(options, outbox, std::move(epoll), std::move(bell)));
}

Worker::Worker(Options options, Outbox& outbox, io::Fd epoll, io::Fd bell)
    : options_(options), outbox_(outbox), epoll_(std::move(epoll)), bell_(std::move(bell)),
      io_(epoll_.get(), counters_),
      udp_({options.index, options.most_udp_flows, options.udp_sockets, options.records_flows,
            std::random_device()()},
           epoll_.get(), counters_, io::now().ns / 1'000'000),
      wheel_(io::now().ns / 1'000'000),
      on_place_([this](std::uint32_t slot, const std::shared_ptr<ConnectionLimit>& limit) {
          Command command;
          command.places.push_back({slot, limit});
          post(std::move(command));
      }),
      table_(std::make_shared<const RoutingTable>()) {
    read_clock();
}

Worker::~Worker() {
    stop();
}

void Worker::stop() {
    if (!thread_.joinable()) return;
    Command stop;
    stop.stop = true;
    post(std::move(stop));
    thread_.join();
}

void Worker::start() {
    thread_ = std::thread([this] {
        // Of its own: the name of another thread is a file, which a sandboxed process may not open.
        ::pthread_setname_np(::pthread_self(),
                             ("worker-" + std::to_string(options_.index)).c_str());
        run();
    });
}

void Worker::post(Command command) {
    {
        const std::lock_guard lock(mutex_);
        mailbox_.push_back(std::move(command));
    }
    ring_bell(bell_.get());
}

void Worker::read_clock() {
    now_ms_ = io::now().ns / 1'000'000;
}

int Worker::wait_ms() const {
    if (!turns_.empty()) return 0;
    std::int64_t until = wheel_.next_ms();
    const auto sooner = [&until](std::int64_t one) {
        until = until < 0 ? one : std::min(until, one);
    };
    if (udp_.next_ms() != IdleWheel::kNever) sooner(udp_.next_ms());
    if (resume_at_ms_ != 0) sooner(resume_at_ms_);
    if (until < 0) return -1;
    return static_cast<int>(std::clamp<std::int64_t>(until - now_ms_, 0, 60'000));
}

void Worker::run() {
    std::array<epoll_event, 512> events{};
    while (!stopping_) {
        const int n =
            ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms());
        read_clock();
        for (int i = 0; i < n && !stopping_; ++i)
            dispatch(events[static_cast<std::size_t>(i)]);
        udp_.flush();
        take_turns();
        look_at_due();
        end_round();
    }
}

void Worker::dispatch(const epoll_event& event) {
    const std::uint64_t token = event.data.u64;
    if ((token & UdpForwarder::kTokenBit) != 0) return udp_.on_event(token, event.events, now_ms_);
    udp_.flush(); // datagrams wait for datagrams, not for connections
    if ((token & kListenerBit) != 0) {
        accept_on(static_cast<std::uint32_t>(token));
        return;
    }
    if (token == kBellToken) return take_commands();
    const auto low = static_cast<std::uint32_t>(token);
    Connection& connection = connections_.at(low >> 1U);
    const bool is_same = (connection.generation & kGenerationMask) == token >> 32U;
    if (connection.in_use && is_same) {
        on_event(connection, static_cast<Side>(low & 1U), event.events);
    }
}

void Worker::take_turns() {
    // Those that want another turn after this one are appended: only the present ones are served.
    const std::size_t count = turns_.size();
    for (std::size_t i = 0; i < count; ++i) {
        const auto [index, generation] = turns_[i];
        Connection* connection = connections_.find(index, generation);
        if (connection == nullptr) continue;
        connection->waits_for_turn = false;
        move(*connection);
    }
    turns_.erase(turns_.begin(), turns_.begin() + static_cast<std::ptrdiff_t>(count));
}

void Worker::look_at_due() {
    due_.clear();
    wheel_.advance(now_ms_, due_);
    for (const IdleWheel::Id id : due_)
        check_idle(connections_.at(id));
    udp_.look_at_due(now_ms_);
}

void Worker::end_round() {
    if (resume_at_ms_ != 0 && now_ms_ >= resume_at_ms_) resume_accepting();
    put_records(flows_);
    put_records(udp_.ended());
    if (!signs_.empty()) outbox_.put(signs_);
    if (!troubles_.empty()) outbox_.put(troubles_);
    if (!full_.empty()) outbox_.put(full_);
    if (!udp_.troubles().empty()) outbox_.put(udp_.troubles());
    if (live_.load(std::memory_order_relaxed) == flows()) return;
    live_.store(flows(), std::memory_order_relaxed);
    if (draining_ && flows() == 0) outbox_.idle();
}

void Worker::put_records(std::vector<FlowRecord>& flows) {
    if (flows.empty()) return;
    const std::size_t dropped = outbox_.put(flows);
    counters_.add(static_cast<std::size_t>(ProcessCount::FlowRecordDropped), dropped);
}

void Worker::take_commands() {
    silence_bell(bell_.get());
    std::vector<Command> commands;
    {
        const std::lock_guard lock(mutex_);
        commands.swap(mailbox_);
    }
    for (Command& command : commands)
        obey(command);
}

void Worker::obey(Command& command) {
    for (const std::uint32_t slot : command.close) {
        if (udp_.listens(slot)) {
            udp_.close(slot, now_ms_);
            continue;
        }
        accept_all(slot);
        close_listener(slot);
    }
    if (command.table) {
        table_ = std::move(command.table);
        udp_.use(table_);
        stop_waiting_where_limits_changed();
    }
    for (auto& [slot, socket] : command.listen)
        listen(slot, std::move(socket));
    if (command.adopts) udp_.adopt(std::move(*command.adopts), now_ms_);
    for (const HeldPlace& place : command.places)
        on_place(place);
    if (command.ends) {
        end_those_of(*command.ends);
        udp_.end_those_of(*command.ends, now_ms_);
    }
    if (command.drain != Drain::No && !draining_) drain(command.drain);
    if (command.question) show(*command.question);
    if (command.job != 0) outbox_.applied(command.job);
    if (command.stop) stop_all();
}

void Worker::listen(std::uint32_t slot, io::Fd socket) {
    if (table_->by_slot[slot]->info->transport == Transport::Udp) {
        return udp_.listen(slot, std::move(socket));
    }
    if (slot >= listeners_.size()) listeners_.resize(slot + 1);
    listeners_[slot].socket = std::move(socket);
    watch_listener(slot, EPOLL_CTL_ADD);
}

/// A socket that another process has too is watched until that closes it as well [epoll(7)].
void Worker::close_listener(std::uint32_t slot) {
    if (slot >= listeners_.size()) return;
    Listener& listener = listeners_[slot];
    if (!listener.socket.is_open()) return;
    if (listener.waits_for) listener.waits_for->leave(on_place_, slot);
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener.socket.get(), nullptr);
    listener = {};
}

/// What the kernel has established already is still served, here or by the next process; nothing
/// new is served here.
void Worker::drain(Drain how) {
    draining_ = true;
    for (std::uint32_t slot = 0; slot < listeners_.size(); ++slot) {
        if (how == Drain::Close && listeners_[slot].socket.is_open()) accept_all(slot);
        close_listener(slot);
    }
    listeners_.clear();
    if (how == Drain::HandOver)
        outbox_.hands_over(udp_.give_up(now_ms_));
    else
        udp_.drain(now_ms_);
    live_.store(flows(), std::memory_order_relaxed);
    if (flows() == 0) outbox_.idle();
}

void Worker::stop_all() {
    connections_.for_each([this](Connection& connection) { end(connection, End::Stopped); });
    udp_.stop(now_ms_);
    for (std::uint32_t slot = 0; slot < listeners_.size(); ++slot)
        close_listener(slot);
    stopping_ = true;
}

} // namespace nlb::proxy
