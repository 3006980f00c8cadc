// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"
#include "describe.hpp"
#include "merger.hpp"
#include "pace.hpp"

#include "app/configuration_file.hpp"
#include "io/clock.hpp"
#include "io/message_link.hpp"

#include "route/backlog.hpp"
#include "route/intake.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace nlb::policy {

namespace {

struct Options {
    std::string file;
    std::string health;
};

constexpr Nanos kRefresh = Nanos::seconds(60); // full sets on streams that go one way only
constexpr std::uint64_t kComplaintsTold = 20;  // of a binary file; the rest is counted

/// Health comes in at one end, routes leave at the other.
class RoutesFilter {
  public:
    RoutesFilter(app::Context& context, io::EventLoop& loop, model::Configuration configuration)
        : context_(context), loop_(loop), publisher_(std::move(configuration)),
          merger_(publisher_, health::ConsensusRule::Majority) {}

    Result<void> start(io::Fd health) {
        auto link = io::MessageLink::make(
            loop_, std::move(health), io::Fd(STDOUT_FILENO), context_.hello("policy"),
            {.on_event = [this](const contract::Event& event) { take(event); },
             .on_batch = [this] { pace_.pause(); },
             .on_closed = [this](const Result<void>& how) { closed(how); }});
        if (!link) return tl::unexpected<Error>(link.error());
        link_ = std::move(*link);
        refresh();
        loop_.after_each_round([this](Nanos now) { round(now); });
        pay();
        return {};
    }

    /// After the loop: how it went.
    Result<int> outcome() {
        if (failure_) return tl::unexpected<Error>(*failure_);
        if (merger_.consensus().strangers() != 0) {
            context_.log.warning(std::to_string(merger_.consensus().strangers()) +
                                 " reports were on targets that are not registered");
        }
        if (intake_.bad() == 0) return app::kDone;
        context_.log.warning(std::to_string(intake_.bad()) +
                             " lines or sets of the health input could not be used");
        return app::kInputPartlyBad;
    }

  private:
    void take(const contract::Event& event) {
        Merger::Voice voice(merger_, Merger::voter(intake_.peer()), io::now());
        const route::Intake::Taken taken = intake_.take(event, voice);
        for (const route::HealthChange& change : taken.changes)
            context_.log.debug(describe(change));
        if (!taken.changes.empty()) pace_.touch(io::now());
        if (taken.warning.empty() || intake_.bad() > kComplaintsTold) return;
        context_.log.warning("health input: " + taken.warning);
        if (intake_.bad() == kComplaintsTold) {
            context_.log.warning("health input: what follows is only counted");
        }
    }

    void round(Nanos now) {
        if (ended_) pace_.pause();
        if (pace_.due(now)) {
            const route::Published published = publisher_.publish(WallTime{io::unix_ms()});
            for (const route::ModeChange& change : published.modes)
                context_.log.notice(describe(change));
            backlog_.owe(published.route_sets);
            arm();
        }
        pay();
        if (ended_ && backlog_.empty() && link_->is_flushed()) loop_.stop();
    }

    /// Waits for the end of the next draining interval of an unhealthy target.
    void arm() {
        loop_.cancel(timer_);
        const WallTime next = publisher_.deadline();
        if (next.is_never()) return;
        const std::int64_t wait_ms = std::max<std::int64_t>(next.unix_ms - io::unix_ms(), 0);
        timer_ = loop_.at(io::now() + Nanos::milliseconds(wait_ms), [this](Nanos now) {
            publisher_.tick(WallTime{io::unix_ms()});
            pace_.touch(now);
            pace_.pause();
        });
    }

    void refresh() {
        backlog_.owe(publisher_.everything());
        loop_.at(io::now() + kRefresh, [this](Nanos) { refresh(); });
    }

    /// A reader that is slow gets the latest state when it is through with the last one.
    void pay() {
        if (backlog_.empty() || !link_->is_flushed()) return;
        for (const contract::Set& set : publisher_.route_sets(backlog_.settle(publisher_)))
            contract::append_set(set, link_->writer());
        link_->flush();
    }

    void closed(const Result<void>& how) {
        ended_ = true;
        if (how) return;
        failure_ = forward(how.error(), "health input").value();
        loop_.stop();
    }

    app::Context& context_;
    io::EventLoop& loop_;
    route::Publisher publisher_;
    Merger merger_;
    route::Intake intake_;
    route::Backlog backlog_;
    Pace pace_;
    std::unique_ptr<io::MessageLink> link_;
    io::EventLoop::TimerId timer_ = 0;
    bool ended_ = false;
    std::optional<Error> failure_;
};

Result<int> snapshot(app::Context& context, model::Configuration configuration) {
    const route::Publisher publisher(std::move(configuration));
    contract::StreamWriter writer(context.hello("policy"));
    for (const contract::Set& set : publisher.route_sets(publisher.everything()))
        contract::append_set(set, writer);
    return app::print(writer.pending()).map([] { return int{app::kDone}; });
}

Result<int> routes(app::Context& context, const Options& options) {
    if (options.file == "-" && options.health == "-") {
        return fail(Errc::Usage, "FILE and --health cannot both be standard input");
    }
    auto configuration = load_configuration(context, options.file);
    if (!configuration) return tl::unexpected<Error>(configuration.error());
    if (options.health.empty()) return snapshot(context, std::move(*configuration));
    auto health = io::open_stream(options.health);
    if (!health) return tl::unexpected<Error>(health.error());
    auto loop = io::EventLoop::make();
    if (!loop) return tl::unexpected<Error>(loop.error());
    RoutesFilter filter(context, *loop, std::move(*configuration));
    if (auto started = filter.start(std::move(*health)); !started) {
        return tl::unexpected<Error>(started.error());
    }
    if (auto ran = loop->run(); !ran) return tl::unexpected<Error>(ran.error());
    return filter.outcome();
}

} // namespace

app::Command routes_command() {
    return {"routes", "Print the route-set: who may take new flows, and why not the others",
            [](app::Options& declare) {
                auto options = std::make_shared<Options>();
                declare.text("FILE", options->file, {"", true},
                             "Configuration, see nlb.toml(5); - is stdin");
                declare.text("--health", options->health, {"FILE"},
                             "Merge target-health from FILE, or - for stdin, until it ends");
                return [options](app::Context& context) { return routes(context, *options); };
            }};
}

} // namespace nlb::policy
