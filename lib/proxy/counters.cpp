// SPDX-License-Identifier: Apache-2.0
#include "proxy/counters.hpp"

namespace nlb::proxy {

namespace {

/// Does the guide have the counter with the protocol in its name [p.71]?
bool is_by_protocol(std::size_t cell) {
    return cell == static_cast<std::size_t>(Count::ActiveFlow) ||
           cell == static_cast<std::size_t>(Count::NewFlow) ||
           cell == static_cast<std::size_t>(Count::ProcessedBytes) ||
           cell == static_cast<std::size_t>(Count::RejectedFlow);
}

bool is_of_tcp(std::size_t cell) {
    return cell == static_cast<std::size_t>(Count::ClientReset) ||
           cell == static_cast<std::size_t>(Count::TargetReset) ||
           cell == static_cast<std::size_t>(Count::ElbReset) ||
           cell == static_cast<std::size_t>(Count::ConnectionLimitReached);
}

std::string name_of(std::size_t cell) {
    if (cell < kCounts) return std::string(EnumText<Count>::names[cell]);
    cell -= kCounts;
    if (cell < kEnds) return "FlowEnd." + std::string(EnumText<End>::names[cell]);
    return "DatagramDrop." + std::string(EnumText<DatagramDrop>::names[cell - kEnds]);
}

} // namespace

void count_end(ListenerBlock& block, End why) {
    block.add(kCounts + static_cast<std::size_t>(why));
    block.add(static_cast<std::size_t>(Count::ActiveFlow), ~std::uint64_t{0}); // minus one
}

void ListenerCounters::append_to(std::vector<contract::Counter>& lines) const {
    const auto line = [&](std::string name, std::uint64_t value) {
        contract::Counter counter;
        counter.name = std::move(name);
        counter.value = value;
        counter.listener = listener;
        counter.zone = zone;
        counter.group = group;
        lines.push_back(std::move(counter));
    };
    const bool is_udp = transport == Transport::Udp;
    for (std::size_t i = 0; i < kCounts + kEnds + kDatagramDrops; ++i) {
        std::uint64_t total = 0;
        for (const ListenerBlock& block : blocks)
            total += block.get(i);
        const bool is_common = i < kCounts && !(is_udp && is_of_tcp(i));
        if (is_common || total != 0) line(name_of(i), total);
        if (is_by_protocol(i)) line(name_of(i) + (is_udp ? "_UDP" : "_TCP"), total);
    }
}

void append_process_counters(const std::vector<const ProcessBlock*>& blocks,
                             std::vector<contract::Counter>& lines) {
    for (std::size_t i = 0; i < kProcessCounts; ++i) {
        std::uint64_t total = 0;
        for (const ProcessBlock* block : blocks)
            total += block->get(i);
        contract::Counter counter;
        counter.name = EnumText<ProcessCount>::names[i];
        counter.value = total;
        lines.push_back(std::move(counter));
    }
}

} // namespace nlb::proxy
