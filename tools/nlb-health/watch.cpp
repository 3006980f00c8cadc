// SPDX-License-Identifier: Apache-2.0
// nlb-health watch: runs a command for each change, one after the other.
#include "commands.hpp"
#include "watch_source.hpp"

#include "io/child.hpp"
#include "io/clock.hpp"
#include "io/link_client.hpp"

#include "health/board.hpp"

#include "base/text.hpp"

#include <deque>
#include <memory>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words
using health::Board;

namespace {

constexpr std::size_t kMostWaiting = 100'000; // changes; a command slower than that is told of

struct WatchOptions {
    std::string node;
    std::string input; ///< empty: the socket of the node
    std::string command;
};

std::vector<std::string> environment_of(const Board::Change& change) {
    const contract::TargetHealth& now = change.now;
    const auto reason = now.reason.value_or(model::HealthReason::None);
    return {"NLB_GROUP=" + now.group.value,
            "NLB_TARGET=" + now.target.value,
            "NLB_OLD_STATE=" + (change.before ? std::string(to_text(*change.before)) : ""),
            "NLB_STATE=" + std::string(to_text(now.state)),
            "NLB_REASON=" + std::string(to_text(reason)),
            "NLB_DESCRIPTION=" + now.description.value_or("")};
}

class Watch {
  public:
    Watch(app::Context& context, io::EventLoop& loop, WatchOptions options)
        : context_(context), loop_(loop), options_(std::move(options)) {}

    Result<void> open() {
        auto path = app::socket_path(options_.input);
        if (!path) return tl::unexpected<Error>(path.error());
        client_ = std::make_unique<io::LinkClient>(
            loop_, *path, context_.hello("watch"),
            io::LinkClient::Handlers{
                .on_connected = [this] { context_.log.notice("watching " + options_.input); },
                .on_event = [this](const contract::Event& event) { on_event(event); },
                .on_batch = {},
                .on_lost =
                    [this](const Error& why) {
                        context_.log.warning(why.text() + ": trying again");
                    }});
        client_->start();
        return {};
    }

  private:
    void on_event(const contract::Event& event) {
        Board::Outcome outcome = board_.take(event);
        if (!outcome.warning.empty()) context_.log.warning(outcome.warning);
        for (Board::Change& change : outcome.changes) {
            if (waiting_.size() >= kMostWaiting) {
                if (dropped_++ == 0)
                    context_.log.warning("the command is too slow: changes are dropped");
                continue;
            }
            waiting_.push_back(std::move(change));
        }
        run_next();
    }

    void run_next() {
        while (!child_ && !waiting_.empty()) {
            const std::vector<std::string> environment = environment_of(waiting_.front());
            waiting_.pop_front();
            auto child = io::Child::start(loop_,
                                          {.program = "/bin/sh",
                                           .arguments = {"-c", options_.command},
                                           .environment = environment},
                                          [this](const io::Child::Exit& exit) {
                                              if (!exit.passed)
                                                  context_.log.warning("the command: " + exit.how);
                                              child_.reset();
                                              run_next();
                                          });
            if (child) {
                child_ = std::move(*child);
            } else {
                context_.log.warning(child.error().text());
            }
        }
    }

    app::Context& context_;
    io::EventLoop& loop_;
    WatchOptions options_;
    Board board_;
    std::unique_ptr<io::LinkClient> client_;
    std::unique_ptr<io::Child> child_;
    std::deque<Board::Change> waiting_;
    std::uint64_t dropped_ = 0;
};

Result<int> watch(app::Context& context, WatchOptions options) {
    if (options.input.empty()) options.input = watch_source(options.node);
    auto loop = io::EventLoop::make();
    if (!loop) return tl::unexpected<Error>(loop.error());
    Watch watcher(context, *loop, options);
    if (auto opened = watcher.open(); !opened) return tl::unexpected<Error>(opened.error());
    if (auto ran = loop->run(); !ran) return tl::unexpected<Error>(ran.error());
    return app::kDone;
}

} // namespace

app::Command watch_command() {
    return {"watch", "Run a command on each change that a running nlb-health reports",
            [](app::Options& declare) {
                auto options = std::make_shared<WatchOptions>();
                options->node = app::default_node();
                declare.text(
                    "--exec", options->command, {"COMMAND", true},
                    "Shell command; NLB_TARGET, NLB_STATE and others tell it what changed");
                declare.text("--node", options->node, {"NAME"},
                             "Name of the node (default: host name)");
                declare.text("--input", options->input, {"SOURCE"},
                             "Watch unix:NAME instead of the socket of the node");
                return [options](app::Context& context) { return watch(context, *options); };
            }};
}
