// SPDX-License-Identifier: Apache-2.0
// Proxy: UDP flows from the process before, and to the one after.
#include "proxy/proxy.hpp"
#include "proxy/worker.hpp"

#include <algorithm>
#include <utility>

namespace nlb::proxy {

/// Datagrams wait in the sockets until the flows of the process before are here.
void Proxy::withhold(Listening::Changes& changes) {
    std::erase_if(held_, [&](const auto& one) {
        return std::find(changes.close.begin(), changes.close.end(), one.first) !=
               changes.close.end();
    });
    if (!holds_datagrams_) return;
    std::erase_if(changes.open, [&](auto& one) {
        const bool is_udp = changes.table->by_slot[one.first]->info->transport == Transport::Udp;
        if (is_udp) held_.push_back(std::move(one));
        return is_udp;
    });
}

void Proxy::begin_datagrams() {
    if (!std::exchange(holds_datagrams_, false)) return;
    std::vector<Worker::Command> commands(workers_.size());
    for (std::size_t i = 0; i < adoptions_.size(); ++i) {
        if (adoptions_[i].flows.empty()) continue;
        commands[i].adopts = std::make_unique<UdpHandover>(std::move(adoptions_[i]));
    }
    adoptions_.clear();
    adopted_by_.clear();
    labels_.clear();
    for (auto& [slot, sockets] : held_) {
        for (std::size_t i = 0; i < sockets.size(); ++i) {
            if (sockets[i].is_open()) commands[i].listen.emplace_back(slot, std::move(sockets[i]));
        }
    }
    held_.clear();
    for (std::size_t i = 0; i < commands.size(); ++i)
        workers_[i]->post(std::move(commands[i]));
}

void Proxy::adopt(const UdpArrival& flow, io::Fd leads_by) {
    const auto at = listening_.reader(flow.place, flow.flow.socket);
    if (!at || !table_ || !holds_datagrams_) return;
    const auto label = label_of(flow, *table_->by_slot[at->slot]);
    // A socket has one reader: a worker of the process before may have had sockets of two here.
    const auto reader = adopted_by_.try_emplace(flow.flow.leads_by, at->worker).first;
    adoptions_.resize(workers_.size());
    UdpHandover& to = adoptions_[reader->second];
    if (leads_by.is_open()) to.sockets.emplace_back(flow.flow.leads_by, std::move(leads_by));
    if (!label || reader->second != at->worker || ++adopted_ > options_.most_udp_flows) return;
    to.flows.push_back(flow.flow);
    to.flows.back().slot = at->slot;
    to.flows.back().label = label;
}

/// Null: the target is not registered any more.
std::shared_ptr<const FlowLabel> Proxy::label_of(const UdpArrival& flow,
                                                 const ListenerRoute& route) {
    const auto [known, is_new] = labels_.try_emplace({&route, flow.target, flow.target_at});
    if (is_new) known->second = book_.label_of(route, flow.target, flow.target_at);
    return known->second;
}

void Proxy::take_handover(UdpHandover handover) {
    std::map<std::uint32_t, std::size_t> numbers; // by slot
    for (HandedFlow& flow : handover.flows) {
        const auto [known, is_new] = numbers.try_emplace(flow.slot);
        if (is_new) known->second = listening_.number_of(flow.slot, handover.worker);
        flow.socket = known->second;
    }
    departures_.push_back(std::move(handover));
    if (departures_.size() == workers_.size() && handlers_.on_handed_over)
        handlers_.on_handed_over(std::exchange(departures_, {}));
}

} // namespace nlb::proxy
