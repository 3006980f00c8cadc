// SPDX-License-Identifier: Apache-2.0
// RouteBook: what nlb-policy said last, scope by scope, and the listeners that follow from it. It
// reuses what did not change, so that a change of one target costs one ring. Opens nothing.
#pragma once

#include "tables/rings.hpp"

#include "proxy/routing.hpp"
#include "proxy/target_ends.hpp"

#include "contract/sets.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace nlb::proxy {

/// A listener to serve, or why not.
struct WantedListener {
    std::shared_ptr<const ListenerRoute> route;
    int error = 0; ///< errno that stands for "cannot be served as configured"; 0: bind it
    std::string why;
    std::string lacks; ///< what it is served without, and why; empty: nothing
};

class RouteBook {
  public:
    struct Options {
        std::string zone;        ///< only this one; empty: all
        std::size_t workers = 1; ///< blocks of each counter
        /// May back-end connections to the group be bound to this address?
        std::function<bool(const IpAddress& source)> can_bind;
        /// Why targets of the family cannot see their clients' addresses; nothing: they can.
        std::function<std::optional<std::string>(IpFamily)> why_not_transparent;
    };

    explicit RouteBook(Options options) : options_(std::move(options)) {}

    /// The set replaces all earlier ones of its scope. Lines that are no listener, routing or
    /// route are ignored.
    void replace(const contract::Set& set);

    /// Forgets every scope that is not among these.
    void keep_only(const std::set<model::TargetGroupId>& scopes);

    /// Every listener of the zones served here, TCP_UDP ones once for each of the two; TLS ones not
    /// at all: they are nlb-tlsterm's.
    std::vector<WantedListener> wanted();

    /// The targets whose connections are to be reset now and were not before the latest changes;
    /// null when there is none. New connections go by wanted(), which must be in force by then.
    std::shared_ptr<const TargetEnds> take_ends() { return resets_.take(); }

    /// What an operator should know and was not told yet; one sentence each.
    std::vector<std::string> take_notices();

    /// Of a flow of this listener whose target may take no new ones; null when it is not registered
    /// in the listener's group, or its connections are reset.
    std::shared_ptr<const FlowLabel>
    label_of(const ListenerRoute& route, const model::TargetId& target, const Endpoint& endpoint);

    /// The ring of every group and zone, as its workers use it.
    [[nodiscard]] std::vector<tables::RingSummary> rings() const;

    [[nodiscard]] const auto& counters() const { return counters_; }

  private:
    struct Node { // of one zone
        std::optional<contract::Routing> routing;
        std::vector<contract::Route> routes;
    };

    struct Scope {
        std::vector<contract::Listener> listeners;
        std::map<std::string, Node> nodes;
    };

    using Key = std::pair<std::string, std::string>; // group or listener, and zone
    using ListenerKey = std::tuple<Key, IpAddress, Transport>;

    [[nodiscard]] bool is_served(const std::string& zone) const {
        return options_.zone.empty() || options_.zone == zone;
    }

    static std::vector<const contract::Route*> routes_of(const Scope& scope);
    void collect(const contract::Message& message, Scope& scope);
    void rebuild(const model::TargetGroupId& group, const std::string& zone, const Node& node);
    bool preserves(const contract::Routing& routing, GroupRoute& route);
    std::optional<io::SocketAddress> source_for(const contract::Routing& routing,
                                                const GroupRoute& route);
    void tell(std::string notice);
    WantedListener want(const contract::Listener& line, Transport transport);
    std::optional<wire::ProxyEncoder> header_of(const contract::Listener& line,
                                                const GroupRoute& group);
    std::shared_ptr<const ListenerInfo> info_of(const contract::Listener& line, Transport transport,
                                                const GroupRoute& group,
                                                const ListenerRoute* before);

    Options options_;
    bool has_other_zones_ = false; // a listener was left out
    std::map<model::TargetGroupId, Scope> scopes_;
    std::map<Key, std::shared_ptr<const GroupRoute>> groups_;
    std::map<ListenerKey, std::shared_ptr<const ListenerRoute>> listeners_;
    using CountersKey = std::tuple<std::string, std::string, std::string, Transport>;
    std::map<CountersKey, std::shared_ptr<ListenerCounters>> counters_;
    PortUses ports_;
    TargetResets resets_;
    ConnectionLimits limits_;
    std::vector<std::string> notices_;
    std::map<std::string, bool> told_;
};

} // namespace nlb::proxy
