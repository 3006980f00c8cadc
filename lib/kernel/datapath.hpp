// SPDX-License-Identifier: Apache-2.0
// The packet core live in the kernel, as its owner sees it: tables go in, packets are forwarded by
// programs on the interfaces, and what happened to flows comes out. The programs and their tables
// outlive the process.
#pragma once

#include "kernel/attach.hpp"
#include "kernel/events.hpp"
#include "kernel/labels.hpp"
#include "kernel/programs.hpp"
#include "kernel/sweeper.hpp"

#include "io/event_loop.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nlb::kernel {

class Datapath {
  public:
    struct Options {
        std::string node;
        std::vector<std::string> interfaces;
        HookChoice hook = HookChoice::Auto;
        std::size_t most_flows = 0;        ///< entries of each flow table
        std::uint64_t new_flows = 0;       ///< a second, of all CPUs; 0: any number
        std::vector<std::string> gateways; ///< interfaces of internet gateways
        std::function<void(const std::string&)> on_notice;
        std::function<void(const EndedFlow&)> on_ended; ///< empty: nobody asks
        std::function<void(const nlb_flow&, Sign)> on_sign;
    };

    /// Loads the programs, or takes over those of an earlier process, and attaches them. Gives up
    /// rights that are not needed any more (rights.hpp), so call it before threads start.
    /// Errors: Usage when an interface cannot be used, System.
    static Result<std::unique_ptr<Datapath>> start(io::EventLoop& loop, Options options);

    ~Datapath(); ///< leaves the programs at work
    Datapath(const Datapath&) = delete;
    Datapath& operator=(const Datapath&) = delete;

    /// Tables that say which index an earlier process gave to whom: the first ones are built after
    /// them.
    [[nodiscard]] flow::Tables remembered() const;

    /// Swaps the tables of the programs. Errors as io::BpfTables::write.
    Result<void> apply(const flow::Tables& tables);

    /// Live flows by nlb_counters_place() of listener and protocol, as of a moment ago.
    [[nodiscard]] const std::unordered_map<std::uint32_t, std::uint64_t>& active() const {
        return sweeper_->active();
    }

    /// Interface: how its packets are seen (Attachment::how); empty while it is gone.
    [[nodiscard]] std::map<std::string, std::string> hooks() const;

    /// Events that found no room.
    [[nodiscard]] Result<std::uint64_t> lost_events() const;

    [[nodiscard]] const io::BpfTables& tables() const { return *tables_; }

    [[nodiscard]] const Labels& labels() const { return *labels_; }

  private:
    struct Attached {
        unsigned index = 0; ///< 0 while it is gone
        std::string how;
    };

    Datapath(io::EventLoop& loop, Options options, Pins pins, io::Fd lock, Programs programs);
    Result<void> open_tables();
    [[nodiscard]] Attacher attacher();
    Result<void> begin();
    Result<void> attach();
    Result<void> attach_one(Attacher& attacher, const std::string& name);
    void attach_again();
    Result<void> detach_others(Attacher& attacher);
    Result<void> watch_routing();
    Result<void> watch_flows();
    [[nodiscard]] std::uint32_t target_flags(std::uint32_t index, std::uint32_t generation) const;
    Result<void> mark_gateways();
    void next_epoch();
    void next_epoch_later();
    void look_at_neighbors();

    io::EventLoop& loop_;
    Options options_;
    Pins pins_;
    io::Fd lock_;
    Programs programs_;
    std::optional<io::BpfTables> tables_;
    std::optional<Labels> labels_;
    std::optional<io::FlowMaps> flows_;
    std::map<std::string, Attached> attached_; ///< by name of the interface
    io::Fd routing_;
    std::unique_ptr<Sweeper> sweeper_;
    std::unique_ptr<Events> events_;
    io::EventLoop::TimerId epoch_timer_ = 0;
};

/// Takes the datapath of `node` away, flows and all. Errors: Usage when there is none, System when
/// a process still runs it.
Result<void> detach(const std::string& node);

} // namespace nlb::kernel
