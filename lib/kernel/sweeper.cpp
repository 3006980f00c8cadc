// SPDX-License-Identifier: Apache-2.0
#include "kernel/sweeper.hpp"

#include "io/clock.hpp"

#include "l4/l4_age.h"
#include "l4/l4_hash.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <utility>

namespace nlb::kernel {

namespace {

constexpr Nanos kWalkEvery = Nanos::seconds(1);
/// After each turn: a walk of a large table takes longer, its share of the processor is bounded,
/// and packets wait for a turn at most where threads of the kernel move them.
constexpr std::int64_t kRestPerWork = 30;
/// An ended flow stays for late packets, which are answered as the guide says.
constexpr Nanos kKeepEnded = Nanos::seconds(60);
/// Of flows that made room for others and are not met any more.
constexpr Nanos kForgetTold = Nanos::seconds(600);
/// A walk looks whether the flow is still there for one of so many entries of targets' directions.
constexpr std::uint64_t kReplyShares = 64;
constexpr Nanos kSilence = Nanos::seconds(30);

constexpr std::array<std::string_view, 8> kEnds{
    "closed",       "client-reset",   "target-reset",     "target-refused",
    "idle-timeout", "target-timeout", "target-unhealthy", "target-deregistered"};

/// A number that no other flow of these days has: its key and when it was opened.
std::uint64_t name_of(const FlowEntry& entry) {
    std::array<std::uint64_t, sizeof(nlb_tuple) / 8> words{};
    std::memcpy(words.data(), &entry.key, sizeof entry.key);
    std::uint64_t h = entry.flow.opened_s;
    for (const std::uint64_t word : words)
        h = nlb_mix64(h + word);
    return h;
}

Nanos last_of(const nlb_flow& flow, Nanos now) {
    const auto silence = nlb_silence_ns(&flow, static_cast<std::uint64_t>(now.ns));
    return now - Nanos{static_cast<std::int64_t>(silence)};
}

Nanos ended_at(const nlb_flow& flow, FlowEnd end, Nanos now) {
    const Nanos last = last_of(flow, now);
    const bool is_idle = end == FlowEnd::IdleTimeout || end == FlowEnd::TargetTimeout;
    return is_idle ? last + Nanos::milliseconds(flow.idle_ms) : last;
}

FlowEnd closed_by(const nlb_flow& flow) {
    if ((flow.state & NLB_FLOW_REFUSED) != 0) return FlowEnd::TargetRefused;
    if ((flow.state & NLB_FLOW_TARGET_RST) != 0) return FlowEnd::TargetReset;
    if ((flow.state & NLB_FLOW_CLIENT_RST) != 0) return FlowEnd::ClientReset;
    return FlowEnd::Closed;
}

std::optional<FlowEnd> end_of(const FlowEntry& entry, std::uint32_t target_flags, Nanos now) {
    const nlb_flow& flow = entry.flow;
    if (nlb_is_closed(flow.state)) return closed_by(flow);
    if (nlb_is_over(&flow, static_cast<std::uint64_t>(now.ns)) != 0) {
        const bool is_tcp = entry.key.protocol == NLB_PROTOCOL_TCP;
        return is_tcp && (flow.state & NLB_FLOW_ANSWERED) == 0 ? FlowEnd::TargetTimeout
                                                               : FlowEnd::IdleTimeout;
    }
    if ((target_flags & NLB_TARGET_UNHEALTHY) != 0) return FlowEnd::TargetUnhealthy;
    if ((target_flags & NLB_TARGET_TERMINATED) != 0) return FlowEnd::TargetDeregistered;
    return std::nullopt;
}

} // namespace

std::string_view to_text(FlowEnd end) {
    return kEnds[static_cast<std::size_t>(end)];
}

Sweeper::Sweeper(io::EventLoop& loop, io::FlowMaps& flows, Handlers handlers)
    : loop_(loop), flows_(flows), handlers_(std::move(handlers)), scan_(flows) {
}

Sweeper::~Sweeper() {
    loop_.cancel(timer_);
}

void Sweeper::start(Nanos told_until) {
    told_until_ = told_until;
    begin_walk_at(io::now() + kWalkEvery);
}

void Sweeper::begin_walk_at(Nanos when) {
    timer_ = loop_.at(when, [this](Nanos) {
        walk_began_ = io::now();
        turn();
    });
}

void Sweeper::turn() {
    const Nanos began = io::now();
    const auto entries = scan_.next();
    if (!entries) return end_walk(began);
    for (const FlowEntry& entry : *entries) {
        if ((entry.flow.state & NLB_FLOW_REPLY) == 0)
            look_at(entry, began);
        else
            look_at_reply(entry);
    }
    const Nanos done = io::now();
    timer_ = loop_.at(done + Nanos{(done - began).ns * kRestPerWork}, [this](Nanos) { turn(); });
}

void Sweeper::end_walk(Nanos began) {
    active_ = std::exchange(counting_, {});
    ++walks_;
    const auto is_old = [&](const auto& one) { return began - one.second > kForgetTold; };
    std::erase_if(told_, is_old);
    std::erase_if(silent_, is_old);
    handlers_.on_walked(walk_began_);
    const Nanos done = io::now();
    const Nanos rested = done + Nanos{(done - began).ns * kRestPerWork};
    begin_walk_at(std::max(walk_began_ + kWalkEvery, rested));
}

void Sweeper::look_at(const FlowEntry& entry, Nanos now) {
    const nlb_flow& flow = entry.flow;
    const auto flags = handlers_.target_flags(flow.target, flow.target_generation);
    const auto end = end_of(entry, flags, now);
    if (!end) {
        ++counting_[nlb_counters_place(flow.listener, entry.key.protocol)];
        return look_for_silence(entry, now);
    }
    const std::uint64_t name = name_of(entry);
    const auto told = told_.find(name);
    if (told == told_.end()) {
        if (ended_at(flow, *end, now) < told_until_)
            told_.emplace(name, now);
        else
            tell(entry, *end, now);
        return;
    }
    if (now - std::max(told->second, last_of(flow, now)) < kKeepEnded) return;
    told_.erase(told);
    // The client may have opened another flow from the same port since it was read.
    const auto present = flows_.find(entry.key);
    if (!present || present->flow.last != flow.last) return;
    flows_.remove(entry.other_key());
    flows_.remove(entry.key);
}

void Sweeper::look_at_reply(const FlowEntry& entry) {
    if (name_of(entry) % kReplyShares != walks_ % kReplyShares) return;
    const auto client = flows_.find(entry.other_key());
    if (client && (client->flow.state & NLB_FLOW_REPLY) == 0) return;
    flows_.remove(entry.key);
}

void Sweeper::look_for_silence(const FlowEntry& entry, Nanos now) {
    const nlb_flow& flow = entry.flow;
    if (entry.key.protocol != NLB_PROTOCOL_TCP || (flow.state & NLB_FLOW_ANSWERED) != 0) return;
    if (now - Nanos::seconds(flow.opened_s) < kSilence) return;
    if (silent_.emplace(name_of(entry), now).second) handlers_.on_sign(flow, Sign::Silent);
}

void Sweeper::tell(const FlowEntry& entry, FlowEnd end, Nanos now) {
    told_.emplace(name_of(entry), now);
    if (!handlers_.on_ended) return;
    EndedFlow ended{entry, 0, 0, end, ended_at(entry.flow, end, now)};
    if (const auto reply = flows_.find(entry.other_key())) {
        ended.target_bytes = reply->flow.bytes;
        ended.target_packets = reply->flow.packets;
    }
    handlers_.on_ended(ended);
}

void Sweeper::take(const nlb_flow_event& event) {
    const bool is_tcp = event.ends.client_key.protocol == NLB_PROTOCOL_TCP;
    if (event.kind == NLB_EVENT_REFUSED && is_tcp)
        return handlers_.on_sign(event.flow, Sign::Refused);
    if (event.kind == NLB_EVENT_RESET && is_tcp) return handlers_.on_sign(event.flow, Sign::Reset);
    // A walk finds closed flows as well, only later.
    if (event.kind != NLB_EVENT_CLOSED || !handlers_.on_ended) return;
    FlowEntry entry{event.ends.client_key, event.ends.becomes, event.flow};
    if (is_told(name_of(entry))) return;
    // Newer numbers, unless the flow made room for another one meanwhile.
    const auto present = flows_.find(entry.key);
    if (present && present->flow.opened_s == entry.flow.opened_s &&
        (present->flow.state & NLB_FLOW_REPLY) == 0)
        entry = *present;
    tell(entry, closed_by(entry.flow), io::now());
}

} // namespace nlb::kernel
