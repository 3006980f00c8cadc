// SPDX-License-Identifier: Apache-2.0
#include "flow/user_engine.hpp"

#include <cstring>

/// What a port needs to know; the core's name for it.
struct nlb_world { // NOLINT(readability-identifier-naming)
    const nlb::flow::Tables& tables;
    nlb::flow::FlowTable& flows;
    nlb::flow::Counters& counters;
    std::vector<std::uint8_t>& frame;
    std::size_t most_flows;
};

#include "l4/l4_core.h"

// The ports. Names and signatures are the core's; the kernel's are in lib/bpf/nlb_tc.bpf.c.

static const nlb_listener* nlb_port_listener(nlb_world* world, const nlb_listener_key* key) {
    const nlb::flow::ListenerEntry* listener = world->tables.find(*key);
    return listener == nullptr ? nullptr : &listener->value;
}

static const nlb_group* nlb_port_group(nlb_world* world, nlb_u32 index) {
    const auto groups = world->tables.groups();
    return index < groups.size() ? &groups[index].value : nullptr;
}

static nlb_u32 nlb_port_slot(nlb_world* world, nlb_u32 slot) {
    const auto slots = world->tables.slots();
    return slot < slots.size() ? slots[slot] : NLB_NONE;
}

static const nlb_target* nlb_port_target(nlb_world* world, nlb_u32 index) {
    const auto targets = world->tables.targets();
    return index < targets.size() ? &targets[index].value : nullptr;
}

static int nlb_port_is_node(nlb_world* world, nlb_u32 address_be) {
    return world->tables.is_node(address_be) ? 1 : 0;
}

static nlb_flow* nlb_port_flow_get(nlb_world* world, const nlb_flow_key* key) {
    const auto at = world->flows.find(*key);
    return at == world->flows.end() ? nullptr : &at->second;
}

static int nlb_port_flow_put(nlb_world* world, const nlb_flow_key* key, const nlb_flow* flow) {
    if (world->flows.contains(*key)) return NLB_PUT_EXISTS;
    if (world->flows.size() >= world->most_flows) return NLB_PUT_FULL;
    world->flows.emplace(*key, *flow);
    return NLB_PUT_DONE;
}

static void nlb_port_flow_del(nlb_world* world, const nlb_flow_key* key) {
    world->flows.erase(*key);
}

static nlb_u8* nlb_port_begin(nlb_world* world) {
    return world->frame.data();
}

static nlb_u8* nlb_port_end(nlb_world* world) {
    return world->frame.data() + world->frame.size();
}

static nlb_u32 nlb_port_resize(nlb_world* world, nlb_u32 length) {
    if (length > world->frame.size()) return 1;
    world->frame.resize(length);
    return 0;
}

static nlb_u32 nlb_port_l4_csum(nlb_world* world, nlb_u32 offset, nlb_u32 address_sum,
                                nlb_u32 other_sum) {
    nlb_u8* field = world->frame.data() + offset;
    const nlb_u16 half = nlb_csum_update(nlb_load16(field), address_sum);
    nlb_store16(field, nlb_csum_update(half, other_sum));
    return 0;
}

static void nlb_port_count(nlb_world* world, nlb_u32 reason) {
    ++world->counters[reason];
}

namespace nlb::flow {

std::size_t KeyHash::operator()(const nlb_flow_key& key) const noexcept {
    return nlb_flow_hash(&key, 0, 0);
}

bool KeyEqual::operator()(const nlb_flow_key& a, const nlb_flow_key& b) const noexcept {
    return std::memcmp(&a, &b, sizeof(a)) == 0;
}

Decision UserEngine::decide(std::vector<std::uint8_t>& frame, Nanos now) {
    frame.reserve(1); // the core adds offsets to data(), which of an empty frame may be null
    nlb_world world{*tables_, flows_, counters_, frame, most_flows_};
    Decision decision;
    nlb_l4_packet(&world, static_cast<std::uint64_t>(now.ns), &decision.desc, &decision.verdict);
    return decision;
}

void UserEngine::sweep(Nanos now, Nanos kept) {
    for (const nlb_flow_key& key : ended_entries(flows_, now, kept))
        flows_.erase(key);
}

std::vector<nlb_flow_key> ended_entries(const FlowTable& flows, Nanos now, Nanos kept) {
    const auto now_ns = static_cast<std::uint64_t>(now.ns);
    const auto kept_ns = static_cast<std::uint64_t>(kept.ns);
    const auto ended = [&](const nlb_flow& flow) {
        return now_ns > flow.last_ns + kept_ns && nlb_is_over(&flow, now_ns - kept_ns) != 0;
    };
    std::vector<nlb_flow_key> keys;
    for (const auto& [key, flow] : flows) {
        if ((flow.state & NLB_FLOW_REPLY) == 0) {
            if (ended(flow)) keys.push_back(key);
            continue;
        }
        nlb_flow_key client_key;
        nlb_swap_ends(&flow.becomes, &client_key);
        const auto client = flows.find(client_key);
        if (client == flows.end() || ended(client->second)) keys.push_back(key);
    }
    return keys;
}

namespace {

struct ReasonRow {
    std::string_view text;
    std::string_view sentence;
    std::uint8_t action;
};

constexpr ReasonRow kReasons[] = {
#define X(name, action, text, sentence) {text, sentence, NLB_##action},
    NLB_L4_REASONS(X)
#undef X
};
constexpr std::string_view kActions[] = {
#define X(name, text) text,
    NLB_L4_ACTIONS(X)
#undef X
};

} // namespace

std::string_view action_text(std::uint8_t action) {
    return kActions[action];
}

std::string_view reason_text(std::uint8_t reason) {
    return kReasons[reason].text;
}

std::string_view reason_sentence(std::uint8_t reason) {
    return kReasons[reason].sentence;
}

std::uint8_t reason_action(std::uint8_t reason) {
    return kReasons[reason].action;
}

} // namespace nlb::flow
