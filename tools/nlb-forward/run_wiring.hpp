// SPDX-License-Identifier: Apache-2.0
// nlb-forward run: where route-sets come from, where answers and records go, and the proxy between.
#pragma once

#include "control.hpp"
#include "flow_log.hpp"
#include "kernel_path.hpp"
#include "records.hpp"
#include "status_lines.hpp"
#include "takeover.hpp"
#include "totals.hpp"

#include "app/context.hpp"
#include "io/link_client.hpp"
#include "io/signals.hpp"
#include "proxy/proxy.hpp"

#include "contract/sets.hpp"

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct RunOptions {
    std::string input = "-";
    std::string records; ///< empty: none
    std::string node;
    std::string zone;
    std::string datapath = "proxy"; ///< or "kernel"
    std::string vpc_flow_log;       ///< a file; empty: none
    std::string takeover;           ///< socket at which processes meet; empty: none
    KernelOptions kernel;
    std::uint64_t threads = 1;
    std::uint64_t connect_timeout_seconds = 30;
    std::uint64_t connect_retries = 0;
    std::uint64_t drain_timeout_seconds = 30;
    std::uint64_t counters_interval_seconds = 60;
};

class RunWiring {
  public:
    RunWiring(nlb::io::EventLoop& loop, nlb::app::Context& context, RunOptions options);

    /// Opens everything and runs until a signal or a broken input ends it.
    nlb::Result<int> run();

  private:
    nlb::Result<void> start();
    nlb::Result<void> watch_signals();
    void on_applied(const nlb::contract::RouteApplied& applied);
    void on_flow(const nlb::contract::Flow& line);
    void on_flows(const std::vector<nlb::proxy::FlowRecord>& flows);
    nlb::proxy::Proxy::Handlers proxy_handlers();
    nlb::Result<void> start_proxy();
    nlb::Result<void> start_kernel();
    nlb::Result<void> give_up_rights();
    nlb::Result<void> open_vpc_flow_log();
    void flush_vpc_flow_log();
    nlb::Result<void> open_input();
    nlb::Result<void> open_answers();
    void follow_socket(std::string path);

    void on_event(const nlb::contract::Event& event);
    void on_hello(const nlb::contract::Hello& hello);
    void on_set(nlb::contract::Set set);
    void on_batch();
    void on_input_end(const nlb::Result<void>& how);
    void warn_of_line(const std::string& why);
    void ask_for_snapshot(const std::string& why);
    void answer(const nlb::contract::Message& message);

    void on_signal(int number);

    // run_control.cpp
    void drain(int number);
    nlb::Result<void> begin_takeover();
    void on_taken();
    void end_within_drain_timeout();
    void open_control();
    void put_status(TargetFlows flows, nlb::contract::StreamWriter& out) const;

    [[nodiscard]] std::vector<nlb::contract::ListenerState> listener_states() const;
    [[nodiscard]] std::vector<nlb::contract::Counter> counters() const;
    std::vector<nlb::contract::Counter> figures();
    void count_again();
    void look_at_rates();
    void print_statistics();
    void print_rings(std::string_view of, const std::vector<nlb::tables::RingSummary>& rings);
    void end(nlb::Result<int> how);

    nlb::io::EventLoop& loop_;
    nlb::app::Context& context_;
    RunOptions options_;
    std::optional<nlb::io::Signals> signals_;
    std::optional<KernelPath> kernel_;
    std::unique_ptr<nlb::proxy::Proxy> proxy_;
    std::unique_ptr<Takeover> takeover_;
    std::unique_ptr<nlb::io::MessageLink> input_;   // a file or standard input
    std::unique_ptr<nlb::io::MessageLink> answers_; // standard output
    std::unique_ptr<nlb::io::LinkClient> policy_;   // instead of both: a socket
    std::unique_ptr<Records> records_;
    std::optional<FlowLog> vpc_log_;
    PeakRates peaks_;
    StatusLines status_;
    std::unique_ptr<Control> control_; // after proxy_
    nlb::contract::SetAssembler assembler_;
    std::vector<nlb::contract::Set> staged_;
    std::size_t complete_ = 0; // of staged_: their last set has come
    std::uint64_t applied_ = 0;
    std::optional<std::uint64_t> generation_; // in force in every thread
    std::uint64_t start_ms_;
    bool starts_anew_ = false; // a hello came: the next chain of sets is everything there is
    bool is_ready_ = false;    // a route-set is in force
    std::uint64_t bad_lines_ = 0;
    int draining_for_ = 0; // the signal
    nlb::Result<int> result_ = 0;
};
