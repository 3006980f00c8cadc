// SPDX-License-Identifier: Apache-2.0
#include "replay/names.hpp"

namespace nlb::replay {

namespace {

Endpoint source(const nlb_tuple& tuple) {
    return {flow::address_of(tuple.source_be, tuple.family), nlb_ntoh16(tuple.source_port_be)};
}

Endpoint destination(const nlb_tuple& tuple) {
    return {flow::address_of(tuple.destination_be, tuple.family),
            nlb_ntoh16(tuple.destination_port_be)};
}

} // namespace

template <class Name>
void Names::Known<Name>::put(std::size_t index, Name name, const Endpoint& endpoint) {
    const auto [at, is_new] = numbers.try_emplace(name, names.size());
    if (is_new) names.push_back(std::move(name));
    current[index] = at->second;
    endpoints[index] = endpoint;
    earlier.insert_or_assign({static_cast<std::uint32_t>(index), endpoint}, at->second);
}

/// A free index keeps the name it had: flows may be left.
void Names::add(const flow::Tables& tables) {
    const auto listeners = tables.listeners();
    const auto targets = tables.targets();
    listeners_.make_room(listeners.size());
    targets_.make_room(targets.size());
    for (std::size_t i = 0; i < listeners.size(); ++i) {
        const flow::ListenerEntry& listener = listeners[i];
        if (listener.is_in_use)
            listeners_.put(i, {listener.load_balancer, listener.id}, listener.endpoint);
    }
    for (std::size_t i = 0; i < targets.size(); ++i) {
        const flow::TargetEntry& target = targets[i];
        if ((target.value.flags & NLB_TARGET_REGISTERED) != 0)
            targets_.put(i, {target.group, target.id}, target.endpoint);
    }
}

/// The two ends that may be meant: that of a client's packet, and of a target's.
std::size_t Names::search(const Numbers& known, std::uint32_t index, const flow::Decision& decision,
                          End end) {
    const nlb_tuple& key = decision.desc.key;
    const nlb_tuple& becomes = decision.verdict.becomes;
    const Endpoint ends[] = {destination(end == ListenerEnd ? key : becomes),
                             source(end == ListenerEnd ? becomes : key)};
    for (const Endpoint& candidate : ends) {
        if (index < known.endpoints.size() && known.endpoints[index] == candidate)
            return known.current[index];
    }
    for (const Endpoint& candidate : ends) {
        const auto at = known.earlier.find({index, candidate});
        if (at != known.earlier.end()) return at->second;
    }
    return index < known.current.size() ? known.current[index] : kNobody;
}

} // namespace nlb::replay
