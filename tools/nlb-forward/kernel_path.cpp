// SPDX-License-Identifier: Apache-2.0
#include "kernel_path.hpp"

#include "kernel/datapath.hpp"
#include "kernel_reports.hpp"
#include "tables/build.hpp"

#include "io/clock.hpp"

#include "base/text.hpp"

#include "l4/l4_abi.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

kernel::HookChoice choice_of(const std::string& hook) {
    if (hook == "tc") return kernel::HookChoice::Tc;
    return hook == "xdp" ? kernel::HookChoice::Xdp : kernel::HookChoice::Auto;
}

constexpr Nanos kEvidenceEvery = Nanos::seconds(1);

using ListenerName = std::tuple<std::string, std::string, IpAddress>; // id, zone, address
using ZonalListener = std::pair<std::string, std::string>;            // id, zone

bool is_accelerated(const flow::ListenerEntry& listener) {
    return listener.is_in_use &&
           (listener.value.flags & (NLB_LISTENER_HANDED_UP | NLB_LISTENER_TRANSLATES)) == 0;
}

/// Route-sets to tables, and what is left to sockets.
class Path {
  public:
    Path(io::EventLoop& loop, const app::Context& context, tables::Node node,
         KernelHandlers handlers)
        : loop_(loop), context_(context), node_(std::move(node)), handlers_(std::move(handlers)) {}

    ~Path() { loop_.cancel(timer_); }

    Path(const Path&) = delete;
    Path& operator=(const Path&) = delete;

    Result<void> start(kernel::Datapath::Options options) {
        options.on_notice = [this](const std::string& text) { context_.log.notice(text); };
        if (handlers_.on_flow)
            options.on_ended = [this](const kernel::EndedFlow& ended) { on_ended(ended); };
        options.on_sign = [this](const nlb_flow& flow, kernel::Sign sign) {
            count(flow, sign, datapath_->labels(), evidence_);
        };
        auto datapath = kernel::Datapath::start(loop_, std::move(options));
        if (!datapath) return tl::unexpected<Error>(datapath.error());
        datapath_ = std::move(*datapath);
        tables_ = datapath_->remembered();
        counters_.emplace(*datapath_);
        send_evidence_later();
        return {};
    }

    [[nodiscard]] std::vector<contract::Counter> counters() const { return counters_->lines(); }

    [[nodiscard]] std::vector<contract::InterfaceStatus> interfaces() const {
        std::vector<contract::InterfaceStatus> lines;
        for (const auto& [name, how] : datapath_->hooks())
            lines.push_back({name, how.empty() ? std::nullopt : std::optional(how)});
        return lines;
    }

    [[nodiscard]] std::vector<tables::RingSummary> rings() const { return tables::rings(tables_); }

    std::vector<contract::Set> apply(std::span<const contract::Set> sets, bool is_everything) {
        remember(sets, is_everything);
        if (auto done = swap_tables(); !done)
            context_.log.error("kernel datapath: " + done.error().text() +
                               "; the last tables stay in force");
        std::vector<contract::Set> left;
        for (const contract::Set& set : sets)
            left.push_back(for_sockets(set));
        return left;
    }

    [[nodiscard]] std::vector<contract::ListenerState> listener_states() const {
        std::vector<contract::ListenerState> states;
        for (const auto& [name, state] : bound_)
            states.push_back(state);
        return states;
    }

  private:
    void on_ended(const kernel::EndedFlow& ended) {
        if (const auto line = flow_line(ended, datapath_->labels())) handlers_.on_flow(*line);
    }

    void send_evidence_later() {
        timer_ = loop_.at(io::now() + kEvidenceEvery, [this](Nanos) {
            for (const contract::TargetEvidence& line : evidence_.drain())
                handlers_.answer(line);
            send_evidence_later();
        });
    }

    void remember(std::span<const contract::Set> sets, bool is_everything) {
        if (is_everything) book_.clear();
        for (const contract::Set& set : sets)
            book_[set.scope] = set.lines;
    }

    Result<void> swap_tables() {
        std::vector<contract::Message> lines;
        for (const auto& [scope, messages] : book_)
            lines.insert(lines.end(), messages.begin(), messages.end());
        auto tables = tables::build(lines, node_, &tables_);
        if (!tables) return tl::unexpected<Error>(tables.error());
        if (auto done = datapath_->apply(*tables); !done) return done;
        tables_ = std::move(*tables);
        note_failing_over(lines);
        tell_states();
        return {};
    }

    /// Listeners that have max_connections.
    [[nodiscard]] std::set<ZonalListener> limited() const {
        std::set<ZonalListener> all;
        for (const auto& [scope, messages] : book_) {
            for (const contract::Message& message : messages) {
                const auto* line = std::get_if<contract::Listener>(&message);
                if (line != nullptr && line->max_connections)
                    all.emplace(line->listener.value, line->zone);
            }
        }
        return all;
    }

    void note_failing_over(const std::vector<contract::Message>& lines) {
        std::set<std::pair<std::string, std::string>> groups;
        for (const contract::Message& message : lines) {
            const auto* line = std::get_if<contract::Routing>(&message);
            if (line != nullptr && line->mode != model::RouteReason::Healthy)
                groups.emplace(line->group.value, line->zone);
        }
        counters_->note_failing_over(groups);
    }

    void tell_states() {
        std::map<ZonalListener, contract::ListenerState> bound;
        const auto limits = limited();
        accelerated_.clear();
        for (const flow::ListenerEntry& listener : tables_.listeners()) {
            if (!is_accelerated(listener)) continue;
            accelerated_.emplace(listener.id.value, listener.zone, listener.endpoint.address);
            contract::ListenerState state{listener.id, listener.zone, true, {}, {}, {}};
            if (limits.contains({listener.id.value, listener.zone}))
                state.lacks = "max_connections: packets in the kernel are not counted as "
                              "connections";
            bound.emplace(ZonalListener{listener.id.value, listener.zone}, std::move(state));
        }
        bound_.swap(bound);
        for (const auto& [name, state] : bound_) {
            const auto before = bound.find(name);
            if (before == bound.end() || before->second != state) handlers_.answer(state);
        }
    }

    /// A group whose listeners are all accelerated is none of the proxy's business.
    [[nodiscard]] contract::Set for_sockets(const contract::Set& set) const {
        contract::Set left = set;
        bool any = false;
        std::erase_if(left.lines, [&](const contract::Message& message) {
            const auto* line = std::get_if<contract::Listener>(&message);
            if (line == nullptr) return false;
            const bool is_ours =
                accelerated_.contains({line->listener.value, line->zone, line->address});
            any |= !is_ours;
            return is_ours;
        });
        if (!any) left.lines.clear();
        return left;
    }

    io::EventLoop& loop_;
    const app::Context& context_;
    tables::Node node_;
    KernelHandlers handlers_;
    std::unique_ptr<kernel::Datapath> datapath_;
    std::optional<KernelCounters> counters_;
    contract::Evidence evidence_;
    io::EventLoop::TimerId timer_ = 0;
    std::map<model::TargetGroupId, std::vector<contract::Message>> book_;
    flow::Tables tables_;
    std::set<ListenerName> accelerated_;
    std::map<ZonalListener, contract::ListenerState> bound_;
};

} // namespace

Result<KernelPath> start_kernel_path(io::EventLoop& loop, const app::Context& context,
                                     const std::string& node, const std::string& zone,
                                     const KernelOptions& options, KernelHandlers handlers) {
    kernel::Datapath::Options wanted;
    wanted.node = node;
    wanted.interfaces = options.interfaces;
    wanted.hook = choice_of(options.hook);
    wanted.most_flows = options.most_flows;
    wanted.new_flows = options.new_flows;
    wanted.gateways = options.gateways;
    auto path = std::make_shared<Path>(loop, context, tables::Node{zone, options.host_ports},
                                       std::move(handlers));
    if (auto started = path->start(std::move(wanted)); !started)
        return forward(started.error(), "--datapath kernel");
    return KernelPath{
        [path](std::span<const contract::Set> sets, bool is_everything) {
            return path->apply(sets, is_everything);
        },
        [path] { return path->listener_states(); },
        [path] { return path->counters(); },
        [path] { return path->interfaces(); },
        [path] { return path->rings(); },
    };
}
