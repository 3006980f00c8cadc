// SPDX-License-Identifier: Apache-2.0
#include "run_wiring.hpp"

#include "sandbox/sandbox.hpp"

#include "io/capabilities.hpp"
#include "io/clock.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <unistd.h>

#include <utility>

using namespace nlb;

namespace {

/// What an option gave; its range keeps it far from the limits of either type.
Nanos seconds(std::uint64_t count) {
    return Nanos::seconds(static_cast<std::int64_t>(count));
}

io::MessageLink::Handlers write_only(std::function<void(const Result<void>&)> on_closed) {
    return {.on_event = {}, .on_batch = {}, .on_closed = std::move(on_closed)};
}

std::string of_whom(const contract::Counter& counter) {
    if (counter.load_balancer)
        return " " + counter.load_balancer->value + " " + counter.zone.value_or("-");
    if (!counter.listener) return "";
    return " " + counter.listener->value + " " + counter.zone.value_or("-") + " " +
           (counter.group ? counter.group->value : "-");
}

} // namespace

RunWiring::RunWiring(io::EventLoop& loop, app::Context& context, RunOptions options)
    : loop_(loop), context_(context), options_(std::move(options)), status_(options_.zone),
      start_ms_(static_cast<std::uint64_t>(io::unix_ms())) {
}

Result<int> RunWiring::run() {
    if (auto started = start(); !started) return tl::unexpected<Error>(started.error());
    if (auto ran = loop_.run(); !ran) return tl::unexpected<Error>(ran.error());
    if (proxy_) {
        proxy_->stop();
        if (records_) records_->put(figures());
        if (vpc_log_) flush_vpc_flow_log();
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
    if (auto done = open_vpc_flow_log(); !done) return forward(done.error(), "--vpc-flow-log");
    if (auto done = start_kernel(); !done) return done;
    if (auto done = open_input(); !done) return done;
    if (auto done = give_up_rights(); !done) return done;
    if (auto done = start_proxy(); !done) return done;
    if (auto done = begin_takeover(); !done) return forward(done.error(), "--takeover");
    if (!takeover_ || takeover_->is_alone()) open_control();
    if (options_.counters_interval_seconds != 0) count_again();
    look_at_rates();
    if (policy_) policy_->start();
    return {};
}

/// Before there is a second thread. From here on come route-sets, clients and targets; files that
/// are opened later lie in these folders.
Result<void> RunWiring::give_up_rights() {
    sandbox::Rights rights;
    rights.capabilities = {CAP_NET_BIND_SERVICE};
    rights.folders = {{app::runtime_dir(), true}};
    if (options_.datapath == "kernel") {
        rights.uses_bpf = true;
        rights.capabilities.push_back(CAP_NET_ADMIN);
        rights.capabilities.push_back(io::has_capability(CAP_BPF) ? CAP_BPF : CAP_SYS_ADMIN);
        rights.folders.push_back({"/sys/fs/bpf", true});
        rights.folders.push_back({"/proc/sys/net", false});
    } else { // either lets targets see their clients' addresses [ip(7), IP_TRANSPARENT]
        rights.capabilities.push_back(io::has_capability(CAP_NET_RAW) ? CAP_NET_RAW
                                                                      : CAP_NET_ADMIN);
    }
    // For the control socket; without its folder the work goes on.
    [[maybe_unused]] const auto folder =
        app::socket_path(control_source(options_.node)).and_then(io::make_socket_directory);
    if (!options_.takeover.empty()) {
        auto path = app::socket_path(options_.takeover);
        if (!path) return forward(path.error(), "--takeover");
        if (auto made = io::make_socket_directory(*path); !made) return made;
        rights.folders.push_back({path->substr(0, path->rfind('/') + 1), true});
    }
    return sandbox::enter(rights, [this](const std::string& text) { context_.log.notice(text); });
}

Result<void> RunWiring::open_vpc_flow_log() {
    if (options_.vpc_flow_log.empty()) return {};
    auto log = FlowLog::open(options_.vpc_flow_log);
    if (!log) return tl::unexpected<Error>(log.error());
    vpc_log_.emplace(std::move(*log));
    flush_vpc_flow_log();
    return {};
}

/// Every second, so that a busy node writes few large pieces.
void RunWiring::flush_vpc_flow_log() {
    if (auto done = vpc_log_->flush(); !done)
        context_.log.error("--vpc-flow-log: " + done.error().text());
    loop_.at(io::now() + Nanos::seconds(1), [this](Nanos) { flush_vpc_flow_log(); });
}

Result<void> RunWiring::start_kernel() {
    if (options_.datapath != "kernel") return {};
    KernelHandlers handlers;
    handlers.answer = [this](const contract::Message& message) { answer(message); };
    if (records_ || vpc_log_)
        handlers.on_flow = [this](const contract::Flow& line) { on_flow(line); };
    auto path = start_kernel_path(loop_, context_, options_.node, options_.zone, options_.kernel,
                                  std::move(handlers));
    if (!path) return tl::unexpected<Error>(path.error());
    kernel_ = std::move(*path);
    loop_.after_each_round([this](Nanos) {
        if (records_) records_->flush();
    });
    return {};
}

void RunWiring::on_applied(const contract::RouteApplied& applied) {
    if (!std::exchange(is_ready_, true)) {
        // The service manager knows the process that it started.
        const std::string process = takeover_ ? "MAINPID=" + std::to_string(::getpid()) + "\n" : "";
        context_.tell_service_manager(process + "READY=1");
    }
    generation_ = applied.generation;
    answer(applied);
}

void RunWiring::on_flow(const contract::Flow& line) {
    if (records_ && !records_->put(line) && proxy_) proxy_->count_dropped_records(1);
    if (vpc_log_) vpc_log_->put(line);
}

void RunWiring::on_flows(const std::vector<proxy::FlowRecord>& flows) {
    for (const proxy::FlowRecord& flow : flows)
        on_flow(flow_line(flow));
    if (records_) records_->flush();
}

proxy::Proxy::Handlers RunWiring::proxy_handlers() {
    proxy::Proxy::Handlers handlers;
    handlers.on_notice = [this](const std::string& text) { context_.log.notice(text); };
    handlers.on_listener_state = [this](const contract::ListenerState& state) {
        if (!state.bound && state.error) {
            context_.log.warning("listener " + state.listener.value + ", zone " + state.zone +
                                 ": " + *state.error);
        }
        answer(state);
    };
    handlers.on_applied = [this](const contract::RouteApplied& line) { on_applied(line); };
    handlers.on_served = [this] {
        if (takeover_ && proxy_->has_taken_inherited()) takeover_->confirm(proxy_->unbound());
    };
    handlers.on_flows = [this](const std::vector<proxy::FlowRecord>& flows) { on_flows(flows); };
    handlers.on_evidence = [this](const contract::TargetEvidence& line) { answer(line); };
    handlers.on_handed_over = [this](const std::vector<proxy::UdpHandover>& flows) {
        takeover_->send_flows(flows);
    };
    handlers.on_drained = [this] { end(0); };
    return handlers;
}

Result<void> RunWiring::start_proxy() {
    auto proxy = proxy::Proxy::start(
        loop_,
        {.threads = options_.threads,
         .connect_timeout = seconds(options_.connect_timeout_seconds),
         .zone = options_.zone,
         .records_flows = records_ != nullptr || vpc_log_.has_value(),
         .connect_retries = static_cast<std::uint32_t>(options_.connect_retries),
         .is_beside_packets = kernel_.has_value(),
         .may_hand_over = !options_.takeover.empty()},
        proxy_handlers());
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

std::vector<contract::ListenerState> RunWiring::listener_states() const {
    auto states = proxy_->listener_states();
    if (!kernel_) return states;
    for (contract::ListenerState& state : kernel_->listener_states())
        states.push_back(std::move(state));
    return states;
}

std::vector<contract::Counter> RunWiring::counters() const {
    auto all = proxy_->counters();
    if (kernel_) {
        for (contract::Counter& counter : kernel_->counters())
            all.push_back(std::move(counter));
    }
    return added_up(all);
}

/// Totals, and the peaks since they were told of last.
std::vector<contract::Counter> RunWiring::figures() {
    auto all = counters();
    for (contract::Counter& peak : peaks_.take())
        all.push_back(std::move(peak));
    return all;
}

void RunWiring::count_again() {
    loop_.at(io::now() + seconds(options_.counters_interval_seconds), [this](Nanos) {
        if (records_) records_->put(figures());
        count_again();
    });
}

void RunWiring::look_at_rates() {
    peaks_.look_at(counters(), io::now());
    loop_.at(io::now() + PeakRates::kEvery, [this](Nanos) { look_at_rates(); });
}

void RunWiring::print_statistics() {
    const auto all = figures();
    for (const contract::Counter& counter : all) {
        context_.log.notice(counter.name + of_whom(counter) + " " + std::to_string(counter.value));
    }
    print_rings("sockets", proxy_->rings());
    if (kernel_) print_rings("packets", kernel_->rings());
    if (records_) records_->put(all);
}

/// Two nodes whose lines are equal spread flows alike.
void RunWiring::print_rings(std::string_view of, const std::vector<tables::RingSummary>& rings) {
    for (const tables::RingSummary& ring : rings) {
        context_.log.notice("ring of " + std::string(of) + " " + ring.group.value + " " +
                            ring.zone + " slots " + std::to_string(ring.size) + " targets " +
                            std::to_string(ring.targets) + " digest " +
                            (ring.digest.empty() ? "-" : ring.digest));
    }
}

void RunWiring::end(Result<int> how) {
    if (loop_.stopped()) return;
    result_ = std::move(how);
    loop_.stop();
}
