// SPDX-License-Identifier: Apache-2.0
#include "service.hpp"

#include "sayings.hpp"

#include "app/tool.hpp"
#include "io/clock.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <random>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

constexpr Nanos kSnapshotPeriod = Nanos::seconds(60); // nlb-messages(7), SETS
constexpr Nanos kHeartbeat = Nanos::seconds(1);
constexpr Nanos kSettled = Nanos::seconds(5); // a sender has said all it knows by then
constexpr Nanos kLongestGoodbye = Nanos::seconds(5);

std::uint64_t seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32U) | device();
}

Result<io::Fd> duplicate_standard(int number, const char* attempt) {
    io::Fd fd(::fcntl(number, F_DUPFD_CLOEXEC, 3));
    if (!fd.is_open()) return io::sys_error(attempt);
    return fd;
}

/// Ends this process as the signal would have ended it.
[[noreturn]] void die_of(int number) {
    std::signal(number, SIG_DFL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    std::raise(number);
    std::_Exit(128 + number);
}

} // namespace

Service::Service(app::Context& context, io::EventLoop& loop, RunOptions options, Scripts* scripts)
    : context_(context), loop_(loop), options_(std::move(options)), scripts_(scripts),
      complaints_(context.log), plan_(seed()),
      checker_(loop, plan_,
               {.most_in_flight = descriptors_for_checks(),
                .waits_when_full = false,
                .may_pause = true,
                .scripts = scripts_,
                .on_warning = [this](const std::string& text) { context_.log.warning(text); }},
               [this](health::Slot slot, const health::ProbeResult&,
                      const std::optional<health::Change>& change) { on_result(slot, change); }),
      watchers_(context, loop, context.hello("health", options_.node, options_.zone),
                [this] { return snapshot(); }) {
}

Result<void> Service::start() {
    if (auto ok = watch_signals(); !ok) return ok;
    if (scripts_ != nullptr) {
        if (auto ok = scripts_->watch(loop_); !ok) return ok;
    }
    loop_.after_each_round([this](Nanos) { end_of_round(); });
    open_watchers();
    const contract::Hello hello = context_.hello("health", options_.node, options_.zone);
    if (options_.input.starts_with("unix:")) {
        auto path = app::socket_path(options_.input);
        if (!path) return tl::unexpected<Error>(path.error());
        open_client(*path, hello);
        return {};
    }
    if (auto ok = open_output(hello); !ok) return ok;
    report_every_minute();
    return open_input(hello);
}

/// Nobody has to watch: without the socket the checks go on.
void Service::open_watchers() {
    const auto path = app::socket_path(watch_source(options_.node));
    const auto opened = path ? watchers_.listen(*path) : Result<void>();
    if (opened) return;
    const std::string text =
        "status and watch will not reach this process: " + opened.error().text();
    if (options_.input.starts_with("unix:")) {
        context_.log.warning(text);
    } else {
        context_.log.debug(text); // a filter may run where it has no folder for sockets
    }
}

std::vector<contract::Set> Service::snapshot() const {
    std::vector<contract::Set> sets;
    const Nanos now = io::now();
    for (const model::TargetGroupId& id : plan_.groups())
        sets.push_back(plan_.snapshot(id, now));
    return sets;
}

Result<void> Service::watch_signals() {
    auto signals = io::Signals::watch(loop_, {SIGTERM, SIGINT, SIGHUP, SIGUSR1},
                                      [this](int number) { on_signal(number); });
    if (!signals) return tl::unexpected<Error>(signals.error());
    signals_ = std::move(*signals);
    return {};
}

Result<void> Service::open_input(contract::Hello hello) {
    auto in = io::open_stream(options_.input);
    if (!in) return tl::unexpected<Error>(in.error());
    auto link = io::MessageLink::make(
        loop_, std::move(*in), io::Fd(), std::move(hello),
        {.on_event = [this](const contract::Event& event) { on_event(event); },
         .on_batch = [this] { on_batch(); },
         .on_closed = [this](const Result<void>& how) { on_input_closed(how); }});
    if (!link) return tl::unexpected<Error>(link.error());
    input_ = std::move(*link);
    return {};
}

Result<void> Service::open_output(contract::Hello hello) {
    auto fd = duplicate_standard(STDOUT_FILENO, "write to standard output");
    if (!fd) return tl::unexpected<Error>(fd.error());
    auto link = io::MessageLink::make(
        loop_, io::Fd(), std::move(*fd), std::move(hello),
        {.on_event = {}, .on_batch = {}, .on_closed = [this](const Result<void>& how) {
             on_output_closed(how);
         }});
    if (!link) return tl::unexpected<Error>(link.error());
    output_ = std::move(*link);
    return {};
}

void Service::open_client(const std::string& path, contract::Hello hello) {
    client_ = std::make_unique<io::LinkClient>(
        loop_, path, std::move(hello),
        io::LinkClient::Handlers{
            .on_connected =
                [this] {
                    context_.log.notice("connected to " + options_.input);
                    report_all();
                },
            .on_event = [this](const contract::Event& event) { on_event(event); },
            .on_batch = [this] { on_batch(); },
            .on_lost =
                [this](const Error& why) {
                    loop_.cancel(settle_timer_);
                    complaints_.add(intake_.finish().warnings);
                    context_.log.warning(why.text() + ": trying again, checks go on");
                }});
    client_->start();
    beat();
}

void Service::on_event(const contract::Event& event) {
    health::Intake::Outcome outcome = intake_.take(event);
    complaints_.add(outcome.warnings);
    lost_ = lost_ || outcome.lost;
    if (outcome.restarted) expect_every_group();
    for (health::GroupSet& set : outcome.sets)
        apply(std::move(set));
    for (const contract::TargetEvidence& evidence : outcome.evidence) {
        const auto change = plan_.take_evidence(evidence, io::now());
        if (change) on_result(change->slot, change);
    }
    if (outcome.wants_report) report_all();
}

/// Asks the sender for what is missing; at most once a second, so that a sender whose sets are
/// bad every time is not kept busy with them.
void Service::on_batch() {
    if (!client_ || !lost_ || request_timer_ != 0) return;
    lost_ = false;
    if (io::MessageLink* to = sink()) {
        to->put(contract::SnapshotRequest{"lines of target-sets were lost"});
        dirty_ = true;
    }
    request_timer_ = loop_.at(io::now() + Nanos::seconds(1), [this](Nanos) {
        request_timer_ = 0;
        on_batch();
    });
}

void Service::apply(health::GroupSet set) {
    const model::TargetGroupId id = set.id;
    const Nanos now = io::now();
    generation_ = std::max(generation_, set.generation);
    seen_.insert(id);
    checker_.plan_changed(plan_.apply(std::move(set), now));
    context_.log.debug("target-set of " + id.value + ": " + std::to_string(plan_.targets()) +
                       " targets in all");
    contract::Set report = plan_.snapshot(id, now);
    report.generation = generation_; // also when the group has ended
    if (io::MessageLink* to = sink()) append_set(report, to->writer());
    watchers_.put(report);
    dirty_ = true;
}

/// A sender that began anew sends every set again; what does not come has gone meanwhile.
void Service::expect_every_group() {
    seen_.clear();
    generation_ = 0;
    loop_.cancel(settle_timer_);
    settle_timer_ = loop_.at(io::now() + kSettled, [this](Nanos) { end_groups_not_seen(); });
}

void Service::end_groups_not_seen() {
    if (seen_.empty()) return; // it has said nothing yet
    for (const model::TargetGroupId& id : plan_.groups()) {
        health::GroupSet gone;
        gone.id = id;
        if (!seen_.contains(id)) apply(std::move(gone));
    }
}

void Service::report_all() {
    io::MessageLink* to = sink();
    if (to == nullptr) return;
    for (const contract::Set& set : snapshot())
        append_set(set, to->writer());
    dirty_ = true;
}

void Service::report_every_minute() {
    loop_.at(io::now() + kSnapshotPeriod, [this](Nanos) {
        report_all();
        report_every_minute();
    });
}

/// Tells nlb-policy that what was reported still holds.
void Service::beat() {
    loop_.at(io::now() + kHeartbeat, [this](Nanos) {
        if (io::MessageLink* to = sink()) to->put(contract::Heartbeat{});
        dirty_ = true;
        beat();
    });
}

void Service::on_result(health::Slot slot, const std::optional<health::Change>& change) {
    if (!change) return;
    const contract::TargetHealth message = plan_.health(slot, io::now());
    if (io::MessageLink* to = sink()) to->put(message);
    watchers_.put(message);
    dirty_ = true;
    log_change(context_.log, message, change->before);
}

void Service::on_input_closed(const Result<void>& how) {
    complaints_.add(intake_.finish().warnings);
    const std::string input = options_.input == "-" ? "standard input" : in_quotes(options_.input);
    if (!how) {
        failure_ = forward(how.error(), input).value();
    } else if (plan_.groups().empty()) {
        failure_ = fail(Errc::Data, input + " ended without a complete target-set").value();
    } else {
        return context_.log.debug("the input ended; the last targets are checked on");
    }
    loop_.stop();
}

void Service::on_output_closed(const Result<void>& how) {
    if (!how) failure_ = how.error();
    loop_.stop();
}

void Service::end_of_round() {
    io::MessageLink* to = sink();
    if (std::exchange(dirty_, false) && to != nullptr) to->flush();
    to = sink(); // flush() may have ended it
    watchers_.flush();
    if (stopping_ && (to == nullptr || to->is_flushed())) loop_.stop();
}

void Service::on_signal(int number) {
    if (number == SIGHUP) return; // there is no file to read again
    if (number == SIGUSR1) return print_statistics();
    if (std::exchange(stopping_, true)) die_of(number);
    checker_.stop();
    dirty_ = true;
    loop_.at(io::now() + kLongestGoodbye, [this](Nanos) {
        context_.log.warning("nobody reads the last lines: dropped");
        loop_.stop();
    });
}

void Service::print_statistics() const {
    const std::string text = statistics_line(context_.tool, plan_, checker_, complaints_.count());
    std::fwrite(text.data(), 1, text.size(), stderr);
}
