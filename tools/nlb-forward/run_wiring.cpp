// SPDX-License-Identifier: Apache-2.0
#include "run_wiring.hpp"

#include "io/clock.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <map>
#include <tuple>
#include <utility>

using namespace nlb;

namespace {

/// What an option gave; its range keeps it far from the limits of either type.
Nanos seconds(std::uint64_t count) {
    return Nanos::seconds(static_cast<std::int64_t>(count));
}

constexpr std::uint64_t kBadLinesTold = 10;

io::MessageLink::Handlers write_only(std::function<void(const Result<void>&)> on_closed) {
    return {.on_event = {}, .on_batch = {}, .on_closed = std::move(on_closed)};
}

std::string of_whom(const contract::Counter& counter) {
    if (!counter.listener) return "";
    return " " + counter.listener->value + " " + counter.zone.value_or("-") + " " +
           (counter.group ? counter.group->value : "-");
}

} // namespace

RunWiring::RunWiring(io::EventLoop& loop, app::Context& context, RunOptions options)
    : loop_(loop), context_(context), options_(std::move(options)) {
}

Result<int> RunWiring::run() {
    if (auto started = start(); !started) return tl::unexpected<Error>(started.error());
    if (auto ran = loop_.run(); !ran) return tl::unexpected<Error>(ran.error());
    if (proxy_) {
        proxy_->stop();
        if (records_) records_->put(counters());
    }
    return result_;
}

Result<void> RunWiring::start() {
    // Signals first: the threads that follow inherit the mask.
    if (auto done = watch_signals(); !done) return done;
    if (auto done = open_answers(); !done) return done;
    if (!options_.records.empty()) {
        auto records = Records::open(loop_, context_, options_.records, answers_.get(),
                                     context_.hello("forward", options_.node, options_.zone));
        if (!records) return forward(records.error(), "--records");
        records_ = std::move(*records);
    }
    if (auto done = start_kernel(); !done) return done;
    if (auto done = start_proxy(); !done) return done;
    if (options_.counters_interval_seconds != 0) count_again();
    return open_input();
}

Result<void> RunWiring::start_kernel() {
    if (options_.datapath != "kernel") return {};
    KernelHandlers handlers;
    handlers.answer = [this](const contract::Message& message) { answer(message); };
    handlers.on_flow = [this](const contract::Flow& line) {
        if (proxy_ && !(records_ && records_->put(line))) proxy_->count_dropped_records(1);
    };
    auto path = start_kernel_path(loop_, context_, options_.node, options_.zone, options_.kernel,
                                  std::move(handlers));
    if (!path) return tl::unexpected<Error>(path.error());
    kernel_ = std::move(*path);
    loop_.after_each_round([this](Nanos) {
        if (records_) records_->flush();
    });
    return {};
}

Result<void> RunWiring::start_proxy() {
    proxy::Proxy::Handlers handlers;
    handlers.on_notice = [this](const std::string& text) { context_.log.notice(text); };
    handlers.on_listener_state = [this](const contract::ListenerState& state) {
        if (!state.bound && state.error) {
            context_.log.warning("listener " + state.listener.value + ", zone " + state.zone +
                                 ": " + *state.error);
        }
        answer(state);
    };
    handlers.on_applied = [this](const contract::RouteApplied& applied) {
        if (!std::exchange(is_ready_, true)) context_.tell_service_manager("READY=1");
        answer(applied);
    };
    handlers.on_flows = [this](const std::vector<proxy::FlowRecord>& flows) {
        proxy_->count_dropped_records(records_ ? records_->put(flows) : flows.size());
    };
    handlers.on_drained = [this] { end(0); };
    auto proxy = proxy::Proxy::start(loop_,
                                     {.threads = options_.threads,
                                      .connect_timeout = seconds(options_.connect_timeout_seconds),
                                      .zone = options_.zone,
                                      .records_flows = records_ != nullptr},
                                     std::move(handlers));
    if (!proxy) return tl::unexpected<Error>(proxy.error());
    proxy_ = std::move(*proxy);
    return {};
}

Result<void> RunWiring::open_answers() {
    const bool is_filter = !options_.input.starts_with("unix:");
    if (!is_filter && options_.records != "-") return {};
    io::Fd out(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0));
    if (!out.is_open()) return io::sys_error("duplicate standard output");
    auto link = io::MessageLink::make(
        loop_, io::Fd(), std::move(out), context_.hello("forward", options_.node, options_.zone),
        write_only([this](const Result<void>& how) {
            if (!how) context_.log.warning("standard output: " + how.error().text());
        }));
    if (!link) return forward(link.error(), "standard output");
    answers_ = std::move(*link);
    return {};
}

Result<void> RunWiring::open_input() {
    if (options_.input.starts_with("unix:")) {
        auto path = app::socket_path(options_.input);
        if (!path) return forward(path.error(), "--input");
        follow_socket(std::move(*path));
        return {};
    }
    auto in = io::open_stream(options_.input);
    if (!in) return forward(in.error(), "--input");
    auto link = io::MessageLink::make(
        loop_, std::move(*in), io::Fd(), context_.hello("forward"),
        {.on_event = [this](const contract::Event& event) { on_event(event); },
         .on_batch = [this] { on_batch(); },
         .on_closed = [this](const Result<void>& how) { on_input_end(how); }});
    if (!link) return forward(link.error(), "input " + in_quotes(options_.input));
    input_ = std::move(*link);
    return {};
}

void RunWiring::follow_socket(std::string path) {
    policy_ = std::make_unique<io::LinkClient>(
        loop_, std::move(path), context_.hello("forward", options_.node, options_.zone),
        io::LinkClient::Handlers{
            .on_connected =
                [this] {
                    // A new stream: half a set of the old one must not meet the new one's lines.
                    assembler_ = {};
                    staged_.clear();
                    complete_ = 0;
                    for (const contract::ListenerState& state : listener_states())
                        answer(state);
                },
            .on_event = [this](const contract::Event& event) { on_event(event); },
            .on_batch = [this] { on_batch(); },
            .on_lost =
                [this](const Error& error) {
                    context_.log.warning(
                        "nlb-policy: " + error.text() +
                        (applied_ != 0 ? "; the last route-set stays in force" : "; trying again"));
                }});
    policy_->start();
}

void RunWiring::on_event(const contract::Event& event) {
    if (const auto* bad = std::get_if<contract::BadLine>(&event.what)) {
        warn_of_line("line " + std::to_string(bad->line) + ": " + bad->why);
    } else if (const auto* gap = std::get_if<contract::Gap>(&event.what)) {
        ask_for_snapshot("line number " + std::to_string(gap->got) + " came instead of " +
                         std::to_string(gap->expected));
    }
    auto outcome = assembler_.take(event);
    if (auto* set = std::get_if<contract::Set>(&outcome)) return on_set(std::move(*set));
    if (const auto* dropped = std::get_if<contract::SetAssembler::Dropped>(&outcome)) {
        return ask_for_snapshot(dropped->why);
    }
    if (!std::holds_alternative<contract::SetAssembler::NotOfSet>(outcome)) return;
    const auto* message = std::get_if<contract::Message>(&event.what);
    const auto* hello = message != nullptr ? std::get_if<contract::Hello>(message) : nullptr;
    if (hello != nullptr) on_hello(*hello);
}

void RunWiring::on_hello(const contract::Hello& hello) {
    if (hello.contract != contract::kContractVersion) {
        context_.log.warning(hello.tool + " speaks contract " + std::to_string(hello.contract) +
                             ", this is " + std::to_string(contract::kContractVersion));
    }
    on_batch();
    staged_.clear(); // the sender will say it again
    starts_anew_ = true;
}

void RunWiring::on_set(contract::Set set) {
    if (set.kind != contract::SetKind::RouteSet) return;
    const bool last = !set.more;
    staged_.push_back(std::move(set));
    if (last) complete_ = staged_.size();
}

void RunWiring::on_batch() {
    if (complete_ == 0) return;
    const std::span<const contract::Set> sets(staged_.data(), complete_);
    const bool is_everything = std::exchange(starts_anew_, false);
    const Nanos received = io::now();
    if (kernel_)
        proxy_->apply(kernel_->apply(sets, is_everything), is_everything, received);
    else
        proxy_->apply(sets, is_everything, received);
    applied_ += complete_;
    staged_.erase(staged_.begin(), staged_.begin() + static_cast<std::ptrdiff_t>(complete_));
    complete_ = 0;
}

void RunWiring::on_input_end(const Result<void>& how) {
    const std::string input = options_.input == "-" ? "standard input" : in_quotes(options_.input);
    if (bad_lines_ > kBadLinesTold) {
        context_.log.warning(input + ": " + std::to_string(bad_lines_) + " bad lines in all");
    }
    if (!how) return end(forward(how.error(), input));
    if (applied_ == 0) {
        return end(fail(Errc::Data, input + " ended without a complete route-set"));
    }
    if (draining_for_ == 0) {
        context_.log.notice(input + " ended; the last route-set stays in force");
    }
}

void RunWiring::warn_of_line(const std::string& why) {
    if (++bad_lines_ <= kBadLinesTold) context_.log.warning("skipped " + why);
}

void RunWiring::ask_for_snapshot(const std::string& why) {
    context_.log.warning(why + (policy_ ? "; asking for all sets again" : ""));
    answer(contract::SnapshotRequest{why});
}

void RunWiring::answer(const contract::Message& message) {
    io::MessageLink* link = policy_ ? policy_->link() : answers_.get();
    if (link == nullptr) return;
    link->put(message);
    link->flush();
}

Result<void> RunWiring::watch_signals() {
    auto signals = io::Signals::watch(loop_, {SIGTERM, SIGINT, SIGHUP, SIGUSR1},
                                      [this](int number) { on_signal(number); });
    if (!signals) return tl::unexpected<Error>(signals.error());
    signals_ = std::move(*signals);
    return {};
}

void RunWiring::on_signal(int number) {
    switch (number) {
    case SIGUSR1: return print_statistics();
    case SIGTERM:
    case SIGINT: return drain(number);
    default: break; // SIGHUP: no configuration of its own to read again
    }
}

void RunWiring::drain(int number) {
    constexpr int kKilledBySignal = 128; // what a shell adds to a signal's number
    if (std::exchange(draining_for_, number) != 0) return end(kKilledBySignal + number);
    context_.tell_service_manager("STOPPING=1");
    context_.log.notice("draining " + std::to_string(proxy_->live()) + " connections");
    proxy_->drain();
    loop_.at(io::now() + seconds(options_.drain_timeout_seconds), [this](Nanos) {
        context_.log.notice(std::to_string(proxy_->live()) +
                            " connections did not end in time and are reset");
        end(0);
    });
}

std::vector<contract::ListenerState> RunWiring::listener_states() const {
    auto states = proxy_->listener_states();
    if (!kernel_) return states;
    for (contract::ListenerState& state : kernel_->listener_states())
        states.push_back(std::move(state));
    return states;
}

std::vector<contract::Counter> RunWiring::counters() const {
    auto all = proxy_->counters();
    if (!kernel_) return all;
    // A listener that changed from one datapath to the other has a part in each.
    const auto whose = [](const contract::Counter& counter) {
        return std::tuple(counter.name, counter.listener, counter.zone, counter.group);
    };
    std::map<decltype(whose(all.front())), std::size_t> known;
    for (std::size_t i = 0; i < all.size(); ++i)
        known.emplace(whose(all[i]), i);
    for (contract::Counter& counter : kernel_->counters()) {
        const auto at = known.find(whose(counter));
        if (at == known.end())
            all.push_back(std::move(counter));
        else
            all[at->second].value += counter.value;
    }
    return all;
}

void RunWiring::count_again() {
    loop_.at(io::now() + seconds(options_.counters_interval_seconds), [this](Nanos) {
        if (records_) records_->put(counters());
        count_again();
    });
}

void RunWiring::print_statistics() {
    const auto totals = counters();
    for (const contract::Counter& counter : totals) {
        context_.log.notice(counter.name + of_whom(counter) + " " + std::to_string(counter.value));
    }
    if (records_) records_->put(totals);
}

void RunWiring::end(Result<int> how) {
    if (loop_.stopped()) return;
    result_ = std::move(how);
    loop_.stop();
}
