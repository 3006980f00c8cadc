// SPDX-License-Identifier: Apache-2.0
#include "proxy/proxy.hpp"

#include "io/clock.hpp"
#include "proxy/transparency.hpp"
#include "proxy/worker.hpp"

#include "l4/l4_abi.h"

#include <sys/epoll.h>
#include <sys/resource.h>

#include <algorithm>

namespace nlb::proxy {

namespace {

constexpr Nanos kFirstBackoff = Nanos::milliseconds(100);
constexpr Nanos kLongestBackoff = Nanos::seconds(5);

void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// Of each worker. Half of the descriptors stay for connections, however many datagrams come.
UdpTargetSockets::Limits udp_sockets(std::size_t workers, bool connects) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return {static_cast<std::size_t>(limit.rlim_cur) / 2 / workers, NLB_SNAT_PORTS, connects};
}

std::string exhaustion() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return "all " + std::to_string(limit.rlim_cur) +
           " descriptors are in use: connections wait until others end";
}

std::string fullness(const ListenerInfo& listener) {
    return "listener " + listener.listener.value + ", zone " + listener.zone + ": all " +
           std::to_string(listener.limit->most()) +
           " places of max_connections are taken: connections wait until others end";
}

} // namespace

Proxy::Proxy(io::EventLoop& loop, Options options, Handlers handlers)
    : loop_(loop), options_(std::move(options)), handlers_(std::move(handlers)),
      book_({options_.zone, options_.threads, is_local_address, why_not_transparent}),
      listening_(options_.threads, options_.may_hand_over), backoff_(kFirstBackoff) {
}

Result<std::unique_ptr<Proxy>> Proxy::start(io::EventLoop& loop, Options options,
                                            Handlers handlers) {
    raise_descriptor_limit();
    std::unique_ptr<Proxy> proxy(new Proxy(loop, std::move(options), std::move(handlers)));
    if (auto started = proxy->start_workers(); !started) {
        return tl::unexpected<Error>(started.error());
    }
    return proxy;
}

Result<void> Proxy::start_workers() {
    if (auto opened = outbox_.open(); !opened) return opened;
    auto watched = loop_.add(outbox_.fd(), EPOLLIN, [this](std::uint32_t) { on_outbox(); });
    if (!watched) return watched;
    for (std::size_t i = 0; i < options_.threads; ++i) {
        auto worker =
            Worker::make({i, options_.connect_timeout.ns / 1'000'000, options_.records_flows,
                          options_.connect_retries, options_.most_udp_flows / options_.threads,
                          udp_sockets(options_.threads, options_.is_beside_packets)},
                         outbox_);
        if (!worker) return tl::unexpected<Error>(worker.error());
        workers_.push_back(std::move(*worker));
    }
    for (const auto& worker : workers_)
        worker->start();
    return {};
}

Proxy::~Proxy() {
    loop_.cancel(retry_);
    loop_.cancel(telling_);
    if (outbox_.fd() >= 0) loop_.remove(outbox_.fd());
}

void Proxy::apply(std::span<const contract::Set> sets, bool is_everything, Nanos received) {
    Job job{0, received, workers_.size()};
    if (is_everything) {
        std::set<model::TargetGroupId> scopes;
        for (const contract::Set& set : sets)
            scopes.insert(set.scope);
        book_.keep_only(scopes);
    }
    for (const contract::Set& set : sets) {
        book_.replace(set);
        job.generation = std::max(*job.generation, set.generation);
    }
    backoff_ = kFirstBackoff;
    reconcile(job);
}

void Proxy::inherit(SocketsByPlace sockets) {
    listening_.inherit(std::move(sockets));
    if (next_job_ != 1) retry();
}

void Proxy::reconcile(const Job& job) {
    const auto ends = book_.take_ends();
    if (draining_) {
        if (ends) end_those_of(ends);
        return;
    }
    jobs_.emplace(next_job_, job);
    Listening::Changes changes = listening_.reconcile(book_.wanted());
    table_ = changes.table;
    withhold(changes);
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        Worker::Command command;
        command.table = changes.table;
        command.close = changes.close;
        for (auto& [slot, sockets] : changes.open) {
            if (sockets[i].is_open()) command.listen.emplace_back(slot, std::move(sockets[i]));
        }
        command.ends = ends;
        command.job = next_job_;
        workers_[i]->post(std::move(command));
    }
    ++next_job_;
    for (const std::string& notice : book_.take_notices())
        handlers_.on_notice(notice);
    for (const contract::ListenerState& state : changes.states)
        handlers_.on_listener_state(state);
    loop_.cancel(retry_);
    if (changes.retry) retry_later();
}

void Proxy::end_those_of(const std::shared_ptr<const TargetEnds>& targets) {
    for (const auto& worker : workers_) {
        Worker::Command command;
        command.ends = targets;
        worker->post(std::move(command));
    }
}

void Proxy::retry() {
    reconcile({std::nullopt, io::now(), workers_.size()});
}

void Proxy::retry_later() {
    retry_ = loop_.at(io::now() + backoff_, [this](Nanos) { retry(); });
    backoff_ = std::min(kLongestBackoff, Nanos{backoff_.ns * 2});
}

void Proxy::on_outbox() {
    Outbox::Content content = outbox_.take();
    for (const std::uint64_t job : content.applied)
        on_done(job);
    if (!content.flows.empty() && handlers_.on_flows) handlers_.on_flows(std::move(content.flows));
    count(content.signs, evidence_);
    for (const Trouble& trouble : content.troubles) {
        if (const auto text = troubles_.note(trouble, io::now())) handlers_.on_notice(*text);
    }
    for (const FlowPortion& portion : content.portions) {
        if (const auto asked = questions_.extract(portion.question)) asked.mapped()(portion);
    }
    for (UdpHandover& handover : content.handovers)
        take_handover(std::move(handover));
    if (telling_ == 0) tell_evidence(io::now());
    if (content.paused) say_now_and_then(exhaustion());
    for (const auto& listener : content.full)
        say_now_and_then(fullness(*listener));
    idle_workers_ += content.idle;
    if (content.idle != 0 && idle_workers_ == workers_.size()) handlers_.on_drained();
}

/// The first sign is told at once, what follows within a second is added up.
void Proxy::tell_evidence(Nanos now) {
    constexpr Nanos kBetween = Nanos::seconds(1);
    telling_ = 0;
    if (evidence_.empty()) return;
    for (const contract::TargetEvidence& line : evidence_.drain()) {
        if (handlers_.on_evidence) handlers_.on_evidence(line);
    }
    telling_ = loop_.at(now + kBetween, [this](Nanos then) { tell_evidence(then); });
}

void Proxy::say_now_and_then(const std::string& text) {
    constexpr Nanos kQuiet = Nanos::seconds(60);
    const Nanos now = io::now();
    std::erase_if(quiet_until_, [now](const auto& said) { return said.second <= now; });
    if (quiet_until_.emplace(text, now + kQuiet).second) handlers_.on_notice(text);
}

void Proxy::on_done(std::uint64_t job) {
    const auto it = jobs_.find(job);
    if (it == jobs_.end() || --it->second.missing != 0) return;
    const Job done = it->second;
    jobs_.erase(it);
    if (done.generation) {
        handlers_.on_applied({*done.generation, workers_.size(),
                              static_cast<std::uint64_t>((io::now() - done.received).ns)});
    }
    if (handlers_.on_served) handlers_.on_served();
}

std::vector<contract::Counter> Proxy::counters() const {
    std::vector<contract::Counter> lines;
    for (const auto& [key, counters] : book_.counters())
        counters->append_to(lines);
    std::vector<const ProcessBlock*> blocks;
    for (const auto& worker : workers_)
        blocks.push_back(&worker->counters());
    blocks.push_back(&own_counters_);
    append_process_counters(blocks, lines);
    return lines;
}

void Proxy::show(const FlowCursor& where, bool with_source,
                 std::function<void(const FlowPortion&)> on_portion) {
    Worker::Command command;
    command.question = {next_question_, where.transport, where.place, with_source};
    questions_.emplace(next_question_++, std::move(on_portion));
    workers_.at(where.worker)->post(std::move(command));
}

std::size_t Proxy::live() const {
    std::size_t sum = 0;
    for (const auto& worker : workers_)
        sum += worker->live();
    return sum;
}

void Proxy::stop() {
    draining_ = true;
    for (const auto& worker : workers_)
        worker->stop();
    on_outbox();
}

void Proxy::drain() {
    drain(Drain::Close);
}

void Proxy::hand_over() {
    drain(Drain::HandOver);
}

void Proxy::drain(Drain how) {
    draining_ = true;
    listening_.forget_sockets();
    loop_.cancel(retry_);
    for (const auto& worker : workers_) {
        Worker::Command command;
        command.drain = how;
        worker->post(std::move(command));
    }
}

} // namespace nlb::proxy
