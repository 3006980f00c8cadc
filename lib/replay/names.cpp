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
void Names::Known<Name>::add(Name name, const Endpoint& endpoint) {
    const auto index = static_cast<std::uint32_t>(current.size());
    const auto [at, is_new] = numbers.try_emplace(name, names.size());
    if (is_new) names.push_back(std::move(name));
    current.push_back(at->second);
    endpoints.push_back(endpoint);
    earlier.insert_or_assign({index, endpoint}, at->second);
}

void Names::add(const flow::Tables& tables) {
    for (Numbers* known : {static_cast<Numbers*>(&listeners_), static_cast<Numbers*>(&targets_)}) {
        known->current.clear();
        known->endpoints.clear();
    }
    for (const flow::ListenerEntry& listener : tables.listeners())
        listeners_.add({listener.load_balancer, listener.id}, listener.endpoint);
    for (const flow::TargetEntry& target : tables.targets())
        targets_.add({target.group, target.id}, target.endpoint);
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
