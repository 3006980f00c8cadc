// SPDX-License-Identifier: Apache-2.0
// nlb-logs collect with a destination: senders, the journal, the thread that delivers.
#pragma once

#include "collect.hpp"
#include "delivery/deliverer.hpp"
#include "delivery/journal.hpp"
#include "delivery/spool.hpp"
#include "destinations.hpp"
#include "log_places.hpp"
#include "sender.hpp"

#include "app/context.hpp"
#include "io/event_loop.hpp"
#include "io/message_link.hpp"
#include "io/signals.hpp"
#include "io/socket.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

class Collector {
  public:
    Collector(nlb::app::Context& context, nlb::io::EventLoop& loop, const CollectOptions& options);
    ~Collector();
    Collector(const Collector&) = delete;
    Collector& operator=(const Collector&) = delete;

    /// Errors: Usage, System.
    nlb::Result<void> start();

    /// After the loop: the exit status.
    [[nodiscard]] int status() const;

  private:
    nlb::Result<void> open_destinations();
    nlb::Result<void> give_up_rights();
    nlb::Result<void> start_deliverer();
    nlb::Result<void> open_inputs();
    nlb::Result<void> listen(const std::string& path);
    nlb::Result<void> add_sender(nlb::io::Fd in, bool is_socket);
    nlb::Result<LogPlaces> places(std::string& account, std::string& region) const;
    nlb::Result<void> take_left_over();
    void check_places();
    void expire();
    nlb::Result<void> open_counters();
    void say_counters();
    void keep_saying();
    void accept(nlb::io::UnixListener& listener);
    void on_signal(int number);
    void reload();
    void round();
    bool keep();
    void submit_ended();
    void settle();
    void settle_delivered(const nlb::delivery::Deliverer::Outcome& outcome);
    void hold_back();
    void arm();
    void finish();
    void give_up();
    void log_statistics();
    [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> counters() const;

    nlb::app::Context& context_;
    nlb::io::EventLoop& loop_;
    CollectOptions options_;
    std::optional<LogPlaces> places_;
    std::optional<nlb::delivery::Spool> spool_;
    std::optional<Destinations> destinations_;
    std::string account_;
    nlb::delivery::Packing packing_;
    std::optional<nlb::delivery::Journal> journal_;
    std::unique_ptr<nlb::delivery::Deliverer> deliverer_;
    std::unique_ptr<nlb::io::MessageLink> counters_;
    std::optional<nlb::io::Signals> signals_;
    std::vector<std::unique_ptr<nlb::io::UnixListener>> listeners_;
    std::vector<std::unique_ptr<Sender>> senders_;
    Totals totals_;
    std::uint64_t stored_bytes_ = 0; // of segments that wait for their delivery
    std::uint64_t delivered_ = 0;    // entries
    std::uint64_t delivered_bytes_ = 0;
    std::uint64_t files_delivered_ = 0;
    std::uint64_t failures_ = 0;      // of deliveries
    std::uint64_t left_in_spool_ = 0; // segments, at the end
    nlb::io::EventLoop::TimerId timer_ = 0;
    bool can_write_ = true; // the spool
    bool reads_ = true;     // from the senders
    bool warned_full_ = false;
    bool finishing_ = false;
    bool told_to_end_ = false; // by a signal
};
