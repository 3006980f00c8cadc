// SPDX-License-Identifier: Apache-2.0
#include "kernel_path.hpp"

#include "kernel/datapath.hpp"
#include "tables/build.hpp"

#include "base/text.hpp"

#include "l4/l4_abi.h"

#include <map>
#include <memory>
#include <set>
#include <tuple>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

namespace {

kernel::HookChoice choice_of(const std::string& hook) {
    if (hook == "tc") return kernel::HookChoice::Tc;
    return hook == "xdp" ? kernel::HookChoice::Xdp : kernel::HookChoice::Auto;
}

using ListenerName = std::tuple<std::string, std::string, IpAddress>; // id, zone, address

bool is_accelerated(const flow::ListenerEntry& listener) {
    return listener.is_in_use &&
           (listener.value.flags & (NLB_LISTENER_HANDED_UP | NLB_LISTENER_TRANSLATES)) == 0;
}

/// Route-sets to tables, and what is left to sockets.
class Path {
  public:
    Path(const app::Context& context, std::string zone, std::unique_ptr<kernel::Datapath> datapath,
         std::function<void(const contract::Message&)> answer)
        : context_(context), zone_(std::move(zone)), datapath_(std::move(datapath)),
          answer_(std::move(answer)), tables_(datapath_->remembered()) {}

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
        for (const auto& [id, zone] : bound_)
            states.push_back({model::ListenerId{id}, zone, true, {}, {}});
        return states;
    }

  private:
    void remember(std::span<const contract::Set> sets, bool is_everything) {
        if (is_everything) book_.clear();
        for (const contract::Set& set : sets)
            book_[set.scope] = set.lines;
    }

    Result<void> swap_tables() {
        std::vector<contract::Message> lines;
        for (const auto& [scope, messages] : book_)
            lines.insert(lines.end(), messages.begin(), messages.end());
        auto tables = tables::build(lines, zone_, &tables_);
        if (!tables) return tl::unexpected<Error>(tables.error());
        if (auto done = datapath_->apply(*tables); !done) return done;
        tables_ = std::move(*tables);
        tell_states();
        return {};
    }

    void tell_states() {
        std::set<std::pair<std::string, std::string>> bound;
        accelerated_.clear();
        for (const flow::ListenerEntry& listener : tables_.listeners()) {
            if (!is_accelerated(listener)) continue;
            accelerated_.emplace(listener.id.value, listener.zone, listener.endpoint.address);
            bound.emplace(listener.id.value, listener.zone);
        }
        bound_.swap(bound);
        for (const contract::ListenerState& state : listener_states()) {
            if (!bound.contains({state.listener.value, state.zone})) answer_(state);
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

    const app::Context& context_;
    std::string zone_;
    std::unique_ptr<kernel::Datapath> datapath_;
    std::function<void(const contract::Message&)> answer_;
    std::map<model::TargetGroupId, std::vector<contract::Message>> book_;
    flow::Tables tables_;
    std::set<ListenerName> accelerated_;
    std::set<std::pair<std::string, std::string>> bound_; // listener, zone
};

} // namespace

Result<KernelPath> start_kernel_path(io::EventLoop& loop, const app::Context& context,
                                     const std::string& node, const std::string& zone,
                                     const KernelOptions& options,
                                     std::function<void(const contract::Message&)> answer) {
    kernel::Datapath::Options wanted;
    wanted.node = node;
    wanted.interfaces = options.interfaces;
    wanted.hook = choice_of(options.hook);
    wanted.most_flows = options.most_flows;
    wanted.new_flows = options.new_flows;
    wanted.gateways = options.gateways;
    wanted.on_notice = [&context](const std::string& text) { context.log.notice(text); };
    auto datapath = kernel::Datapath::start(loop, std::move(wanted));
    if (!datapath) return forward(datapath.error(), "--datapath kernel");
    auto path = std::make_shared<Path>(context, zone, std::move(*datapath), std::move(answer));
    return KernelPath{
        [path](std::span<const contract::Set> sets, bool is_everything) {
            return path->apply(sets, is_everything);
        },
        [path] { return path->listener_states(); },
        [] { return std::vector<contract::Counter>{}; },
    };
}
