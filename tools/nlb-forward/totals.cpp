// SPDX-License-Identifier: Apache-2.0
#include "totals.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

using namespace nlb; // NOLINT(google-build-using-namespace): the tool is made of these words

std::vector<contract::Counter> added_up(const std::vector<contract::Counter>& lines) {
    std::vector<contract::Counter> all;
    const auto whose = [](const contract::Counter& counter) {
        return std::tuple(counter.name, counter.listener, counter.zone, counter.group);
    };
    std::map<decltype(whose(all.front())), std::size_t> known;
    for (const contract::Counter& line : lines) {
        const auto [at, is_new] = known.try_emplace(whose(line), all.size());
        if (is_new)
            all.push_back(line);
        else
            all[at->second].value += line.value;
    }
    return all;
}

void PeakRates::learn(std::span<const contract::Set> sets) {
    for (const contract::Set& set : sets) {
        for (const contract::Message& message : set.lines) {
            if (const auto* line = std::get_if<contract::Listener>(&message))
                balancers_[line->listener.value] = line->load_balancer.value;
        }
    }
}

void PeakRates::look_at(const std::vector<contract::Counter>& totals, Nanos now) {
    std::map<Of, std::uint64_t> bytes;
    std::map<Of, std::uint64_t> packets;
    for (const contract::Counter& counter : totals) {
        const bool is_bytes = counter.name == "ProcessedBytes";
        if (!counter.listener || (!is_bytes && counter.name != "ProcessedPackets")) continue;
        const auto balancer = balancers_.find(counter.listener->value);
        if (balancer == balancers_.end()) continue;
        (is_bytes ? bytes : packets)[{balancer->second, counter.zone.value_or("")}] +=
            counter.value;
    }
    const Nanos passed = now - std::exchange(last_, now);
    const auto note = [&](const std::map<Of, std::uint64_t>& sums, std::map<Of, Rate>& rates) {
        for (const auto& [of, total] : sums) {
            Rate& rate = rates[of];
            const std::uint64_t more = total - std::exchange(rate.total, total);
            if (!std::exchange(rate.is_known, true) || passed.ns <= 0) continue;
            const double seconds = static_cast<double>(passed.ns) / 1e9;
            rate.peak = std::max(rate.peak,
                                 static_cast<std::uint64_t>(static_cast<double>(more) / seconds));
            has_peaks_ = true;
        }
    };
    note(bytes, bytes_);
    note(packets, packets_);
}

std::vector<contract::Counter> PeakRates::take() {
    std::vector<contract::Counter> lines;
    if (!std::exchange(has_peaks_, false)) return lines;
    const auto put = [&](const char* name, std::map<Of, Rate>& rates) {
        for (auto& [of, rate] : rates) {
            contract::Counter line;
            line.name = name;
            line.value = std::exchange(rate.peak, 0);
            line.zone = of.second;
            line.load_balancer = model::LoadBalancerId(of.first);
            lines.push_back(std::move(line));
        }
    };
    put("PeakBytesPerSecond", bytes_);
    put("PeakPacketsPerSecond", packets_);
    return lines;
}
