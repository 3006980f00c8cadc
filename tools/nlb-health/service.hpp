// SPDX-License-Identifier: Apache-2.0
// What `nlb-health run` does: target-sets in, checks, target-health out, until a signal.
#pragma once

#include "checker.hpp"
#include "complaints.hpp"
#include "watch_source.hpp"
#include "watchers.hpp"

#include "app/context.hpp"
#include "io/link_client.hpp"
#include "io/message_link.hpp"
#include "io/signals.hpp"

#include "health/intake.hpp"
#include "health/plan.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>

struct RunOptions {
    std::string input = "-"; ///< "-", a file, or unix:NAME
    std::string node;
    std::string zone;
    std::string scripts; ///< folder of scripts for checks; empty: none is run
};

class Service {
  public:
    Service(nlb::app::Context& context, nlb::io::EventLoop& loop, RunOptions options,
            Scripts* scripts);

    /// Opens input and output and watches signals.
    nlb::Result<void> start();

    /// Why the loop was stopped, when it was not a signal.
    [[nodiscard]] const std::optional<nlb::Error>& failure() const { return failure_; }

  private:
    nlb::Result<void> open_input(nlb::contract::Hello hello);
    nlb::Result<void> open_output(nlb::contract::Hello hello);
    void open_client(const std::string& path, nlb::contract::Hello hello);
    nlb::Result<void> watch_signals();

    void on_event(const nlb::contract::Event& event);
    void on_batch();
    void on_input_closed(const nlb::Result<void>& how);
    void on_output_closed(const nlb::Result<void>& how);
    void on_result(nlb::health::Slot slot, const std::optional<nlb::health::Change>& change);
    void on_signal(int number);

    void apply(nlb::health::GroupSet set);
    void expect_every_group();
    void end_groups_not_seen();
    void open_watchers();
    [[nodiscard]] std::vector<nlb::contract::Set> snapshot() const;
    void report_all();
    void report_every_minute();
    void beat();
    void end_of_round();
    void print_statistics() const;

    /// Where lines go; null while the peer is away: it gets a snapshot when it is back.
    [[nodiscard]] nlb::io::MessageLink* sink() { return client_ ? client_->link() : output_.get(); }

    nlb::app::Context& context_;
    nlb::io::EventLoop& loop_;
    RunOptions options_;
    Scripts* scripts_;
    Complaints complaints_;
    nlb::health::Plan plan_;
    nlb::health::Intake intake_;
    Checker checker_;
    Watchers watchers_;
    std::unique_ptr<nlb::io::MessageLink> input_;
    std::unique_ptr<nlb::io::MessageLink> output_;
    std::unique_ptr<nlb::io::LinkClient> client_;
    std::optional<nlb::io::Signals> signals_;
    std::optional<nlb::Error> failure_;
    std::set<nlb::model::TargetGroupId> seen_; // since the sender's last hello
    std::uint64_t generation_ = 0;             // the newest since then
    nlb::io::EventLoop::TimerId settle_timer_ = 0;
    nlb::io::EventLoop::TimerId request_timer_ = 0; // 0: a snapshot may be asked for
    bool lost_ = false;                             // something of the input is missing
    bool dirty_ = false;
    bool stopping_ = false;
};
