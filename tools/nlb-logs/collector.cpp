// SPDX-License-Identifier: Apache-2.0
#include "collector.hpp"

#include "app/tool.hpp"
#include "io/clock.hpp"

#include "base/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <utility>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

constexpr std::uint64_t kMib = 1U << 20U;
/// Between looks at the calendar and at a disk that was full: the clock may be set meanwhile.
constexpr Nanos kLongestWait = Nanos::seconds(1);
/// Senders that come in one such time share a write and a sync.
constexpr Nanos kRoundPause = Nanos::milliseconds(1);
/// After a signal to end, for what is to be delivered still.
constexpr Nanos kGrace = Nanos::seconds(1);

WallTime wall_now() {
    return {io::unix_ms()};
}

} // namespace

Collector::Collector(app::Context& context, io::EventLoop& loop, const CollectOptions& options)
    : context_(context), loop_(loop), options_(options) {
    loop_.set_pause(kRoundPause);
}

Collector::~Collector() {
    senders_.clear();
    for (const auto& listener : listeners_)
        loop_.remove(listener->fd());
    if (deliverer_) loop_.remove(deliverer_->fd());
}

void Collector::round() {
    journal_->tick(wall_now());
    can_write_ = keep();
    if (can_write_) {
        for (const auto& sender : senders_)
            sender->acknowledge();
    }
    submit_ended();
    std::erase_if(senders_, [](const auto& sender) { return sender->ended(); });
    if (senders_.empty() && listeners_.empty()) finish();
    hold_back();
    arm();
    if (!finishing_ || !deliverer_->is_idle()) return;
    if (!can_write_ && !told_to_end_) return; // nobody else has what standard input gave
    say_counters();
    loop_.stop();
}

void Collector::submit_ended() {
    for (delivery::StoredSegment& segment : journal_->drain()) {
        stored_bytes_ += segment.bytes;
        deliverer_->submit(std::move(segment));
    }
}

/// Writes what came in this round. False: it is held in memory, and nothing more is read.
bool Collector::keep() {
    auto kept = journal_->flush();
    const bool somebody_waits = std::any_of(senders_.begin(), senders_.end(),
                                            [](const auto& sender) { return sender->wants_ack(); });
    if (kept && somebody_waits && options_.sync == "always") kept = journal_->sync();
    if (!kept && can_write_)
        context_.log.error(kept.error().text() + "; nothing is taken until that works");
    if (kept && !can_write_) context_.log.notice("the spool can be written again");
    return kept.has_value();
}

/// Senders wait while the spool cannot grow.
void Collector::hold_back() {
    const std::uint64_t bytes = stored_bytes_ + journal_->bytes();
    const bool full = bytes >= options_.spool_limit_mib * kMib;
    if (full && !std::exchange(warned_full_, full)) {
        context_.log.error("the spool has reached --spool-limit with " + std::to_string(bytes) +
                           " bytes: nothing is taken until some of it is delivered");
        journal_->end_all(); // what is being written can be delivered, too
        submit_ended();
    }
    if (!full && std::exchange(warned_full_, full))
        context_.log.notice("the spool is below --spool-limit again");
    const bool reads = can_write_ && !full && !finishing_;
    if (reads == reads_) return;
    reads_ = reads;
    for (const auto& sender : senders_)
        sender->set_reading(reads);
}

void Collector::arm() {
    loop_.cancel(timer_);
    timer_ = 0;
    const WallTime next = can_write_ ? journal_->deadline() : wall_now();
    if (next.is_never()) return;
    const std::int64_t wait_ms = std::max<std::int64_t>(next.unix_ms - io::unix_ms(), 1);
    const Nanos wait =
        can_write_ ? std::min(Nanos::milliseconds(wait_ms), kLongestWait) : kLongestWait;
    timer_ = loop_.at(io::now() + wait, [](Nanos) {}); // the round does it
}

/// What the thread came to.
void Collector::settle() {
    for (const delivery::Deliverer::Outcome& outcome : deliverer_->drain()) {
        if (outcome.segment.path.empty()) {
            if (outcome.error) context_.log.error(outcome.error->text());
        } else if (outcome.error) {
            ++failures_;
            if (outcome.given_up) ++left_in_spool_;
            context_.log.warning(outcome.error->text() + "; the entries stay in the spool");
        } else {
            settle_delivered(outcome);
        }
    }
}

void Collector::settle_delivered(const delivery::Deliverer::Outcome& outcome) {
    stored_bytes_ -= outcome.segment.bytes;
    delivered_ += outcome.entries;
    delivered_bytes_ += outcome.bytes;
    if (::unlink(outcome.segment.path.c_str()) != 0)
        context_.log.warning("remove " + in_quotes(outcome.segment.path) +
                             ": it will be delivered again");
    if (outcome.where.empty()) return;
    ++files_delivered_;
    context_.log.debug(outcome.where + ": " + std::to_string(outcome.entries) + " entries");
}

void Collector::on_signal(int number) {
    switch (number) {
    case SIGHUP: return reload();
    case SIGUSR1: return log_statistics();
    default: break;
    }
    if (std::exchange(told_to_end_, true)) std::_Exit(128 + number); // what was promised is kept
    finish();
    loop_.at(io::now() + kGrace, [this](Nanos) { give_up(); });
}

void Collector::reload() {
    if (options_.config.empty()) return;
    std::string account;
    std::string region;
    auto next = places(account, region);
    if (!next) {
        context_.log.error(next.error().text() + "; the configuration in use stays");
        return;
    }
    if (*next == *places_) return;
    places_ = std::move(*next);
    journal_->end_all();
    check_places();
    context_.log.notice("access logs are now on for " + std::to_string(places_->describe().size()) +
                        " load balancers");
    for (const std::string& line : places_->describe())
        context_.log.notice(line);
}

/// No more is taken; what was is delivered, or stays in the spool.
void Collector::finish() {
    if (std::exchange(finishing_, true)) return;
    journal_->end_all();
    auto kept = journal_->flush();
    if (kept && options_.sync == "always") kept = journal_->sync();
    submit_ended();
    deliverer_->finish();
}

/// Who told us to end does not wait for a bucket that is gone.
void Collector::give_up() {
    destinations_->stop();
    left_in_spool_ += deliverer_->give_up();
}

int Collector::status() const {
    if (!can_write_) {
        context_.log.error("the entries that were read last and never acknowledged are lost: the "
                           "spool cannot be written");
        return app::kSystem;
    }
    if (left_in_spool_ > 0) {
        context_.log.error(std::to_string(left_in_spool_) +
                           " segments stay in the spool: the next start delivers them");
        return app::kSystem;
    }
    if (totals_.refused == 0) return app::kDone;
    context_.log.warning(std::to_string(totals_.refused) +
                         " lines were refused; the last: " + totals_.last_refusal);
    return app::kInputPartlyBad;
}

Result<int> collect_to_files(app::Context& context, const CollectOptions& options) {
    auto loop = io::EventLoop::make();
    if (!loop) return tl::unexpected<Error>(loop.error());
    Collector collector(context, *loop, options);
    if (auto started = collector.start(); !started) return tl::unexpected<Error>(started.error());
    context.tell_service_manager("READY=1");
    if (auto ran = loop->run(); !ran) return tl::unexpected<Error>(ran.error());
    context.tell_service_manager("STOPPING=1");
    return collector.status();
}
