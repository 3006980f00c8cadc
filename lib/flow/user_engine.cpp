// SPDX-License-Identifier: Apache-2.0
#include "flow/user_engine.hpp"

#include "flow/ended.hpp"

#include <algorithm>
#include <cstring>

/// What a port needs to know; the core's name for it.
struct nlb_world { // NOLINT(readability-identifier-naming)
    const nlb::flow::Tables& tables;
    const nlb::flow::EngineLimits& limits;
    nlb::flow::FlowTable4& flows4;
    nlb::flow::FlowTable6& flows6;
    std::vector<nlb_fragment>& fragments;
    std::vector<std::uint64_t>& exhausted_ns;
    std::uint64_t& second;
    std::uint64_t& opened_this_second;
    nlb::flow::Counters& counters;
    std::vector<nlb::flow::Asked>* questions; // null: not wanted
    std::vector<nlb::flow::Event>* events;    // null: not wanted
    std::vector<std::uint8_t>& frame;
};

#include "l4/l4_core.h"

// The ports. Names and signatures are the core's; the kernel's are in lib/bpf.

static const nlb_listener* nlb_port_listener(nlb_world* world, const nlb_listener_key* key) {
    return world->tables.find(*key);
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

static int nlb_port_is_node(nlb_world* world, const nlb_address* address) {
    return world->tables.is_node(*address) ? 1 : 0;
}

static nlb_flow* nlb_port_flow_get(nlb_world* world, const nlb_tuple* key, int v6) {
    if (v6 != 0) {
        nlb_flow6* flow = world->flows6.find(*key);
        return flow == nullptr ? nullptr : &flow->flow;
    }
    nlb_flow_key key4;
    nlb_key4(key, &key4);
    nlb_flow4* flow = world->flows4.find(key4);
    return flow == nullptr ? nullptr : &flow->flow;
}

template <class Table, class Key, class Value>
static int put(Table& table, const Key& key, const Value& value, std::size_t most) {
    if (table.find(key) != nullptr) return NLB_PUT_EXISTS;
    if (table.size() >= std::min(most, Table::kMost)) return NLB_PUT_FULL;
    table.insert(key, value);
    return NLB_PUT_DONE;
}

/// The struct that begins with `flow`.
template <class Value>
static Value whole(const nlb_flow* flow) {
    Value value;
    std::memcpy(static_cast<void*>(&value), flow, sizeof(value));
    return value;
}

static int nlb_port_flow_put(nlb_world* world, const nlb_tuple* key, int v6, const nlb_flow* flow) {
    const std::size_t most = world->limits.most_flows;
    if (v6 != 0) return put(world->flows6, *key, whole<nlb_flow6>(flow), most);
    nlb_flow_key key4;
    nlb_key4(key, &key4);
    return put(world->flows4, key4, whole<nlb_flow4>(flow), most);
}

static void nlb_port_flow_del(nlb_world* world, const nlb_tuple* key, int v6) {
    if (v6 != 0) return world->flows6.erase(*key);
    nlb_flow_key key4;
    nlb_key4(key, &key4);
    world->flows4.erase(key4);
}

static nlb_fragment* nlb_port_fragment(nlb_world* world, nlb_u32 slot) {
    if (world->fragments.empty()) world->fragments.resize(NLB_FRAGMENT_SLOTS);
    return &world->fragments[slot];
}

static nlb_u64* nlb_port_exhausted(nlb_world* world, nlb_u32 target) {
    if (target >= world->exhausted_ns.size()) world->exhausted_ns.resize(target + std::size_t{1});
    return reinterpret_cast<nlb_u64*>(&world->exhausted_ns[target]);
}

static void nlb_port_try_ports(nlb_world* world, nlb_u32 probes, nlb_l4_work* work, int v6) {
    for (nlb_u32 i = 0; i < probes; ++i) {
        if ((v6 != 0 ? nlb_try_port6(world, work) : nlb_try_port4(world, work)) != 0) return;
    }
}

static int nlb_port_guard(nlb_world* world, nlb_u64 now_ns) {
    if (world->limits.new_flows_per_second == 0) return 0;
    const nlb_u64 second = now_ns / 1'000'000'000U;
    if (second != world->second) world->opened_this_second = 0;
    world->second = second;
    return ++world->opened_this_second > world->limits.new_flows_per_second ? 1 : 0;
}

static int nlb_port_host_socket(nlb_world*, const nlb_l4_desc*) {
    return 0; // a capture does not know the sockets of its host
}

static int nlb_port_from_gateway(nlb_world*) {
    return 0; // nor its interfaces
}

static nlb_u32 nlb_port_too_big(nlb_world* world, const nlb_l4_work* work, nlb_flow*) {
    const nlb_u32 mtu = world->limits.mtu;
    return mtu != 0 && work->desc.length > mtu ? mtu : 0;
}

static void nlb_port_event(nlb_world* world, nlb_event_kind kind, const nlb_pair* ends,
                           const nlb_flow* flow) {
    if (world->events != nullptr) world->events->push_back({kind, *ends, *flow});
}

static void nlb_port_ask(nlb_world* world, nlb_l4_question question, nlb_u64 answer) {
    if (world->questions != nullptr) world->questions->push_back({question, answer});
}

static nlb_u8* nlb_port_begin(nlb_world* world) {
    return world->frame.data();
}

static nlb_u8* nlb_port_end(nlb_world* world) {
    return world->frame.data() + world->frame.size();
}

static int nlb_port_pull(nlb_world*) {
    return 0;
}

static nlb_u32 nlb_port_resize(nlb_world* world, nlb_u32 length) {
    if (length > world->frame.size()) return 1;
    world->frame.resize(length);
    return 0;
}

static nlb_u32 nlb_port_l4_csum(nlb_world* world, nlb_u32 offset, nlb_u8 protocol,
                                nlb_u32 address_sum, nlb_u32 other_sum) {
    if (offset + 2U > world->frame.size()) return 1;
    nlb_u8* field = world->frame.data() + offset;
    nlb_u16 checksum = nlb_load16(field);
    const bool is_udp = protocol == NLB_PROTOCOL_UDP; // 0: none [RFC 768]
    if (is_udp && checksum == 0) return 0;
    for (const nlb_u32 sum : {address_sum, other_sum}) {
        checksum = nlb_csum_update(checksum, sum);
        if (is_udp && checksum == 0) checksum = 0xffff;
    }
    nlb_store16(field, checksum);
    return 0;
}

static void nlb_port_count(nlb_world* world, const nlb_l4_work* work) {
    ++world->counters[work->verdict.reason];
}

namespace nlb::flow {

UserEngine::UserEngine(const Tables& tables, EngineLimits limits)
    : tables_(&tables), limits_(limits) {
}

Decision UserEngine::decide(std::vector<std::uint8_t>& frame, Nanos now) {
    frame.reserve(1); // the core adds offsets to data(), which of an empty frame may be null
    questions_.clear();
    events_.clear();
    nlb_world world{*tables_,
                    limits_,
                    flows4_,
                    flows6_,
                    fragments_,
                    exhausted_ns_,
                    second_,
                    opened_this_second_,
                    counters_,
                    keeps_questions_ ? &questions_ : nullptr,
                    keeps_events_ ? &events_ : nullptr,
                    frame};
    nlb_l4_packet(&world, static_cast<std::uint64_t>(now.ns), &work_);
    return {work_.desc, work_.verdict};
}

void UserEngine::sweep(Nanos now, Nanos kept) {
    for (const nlb_flow_key& key : ended_entries(flows4_, now, kept))
        flows4_.erase(key);
    for (const nlb_tuple& key : ended_entries(flows6_, now, kept))
        flows6_.erase(key);
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

struct QuestionRow {
    std::string_view text;
    bool is_yes_no;
};

constexpr bool YES_NO = true;  // NOLINT(readability-identifier-naming): words of the list
constexpr bool NUMBER = false; // NOLINT(readability-identifier-naming)
constexpr QuestionRow kQuestions[] = {
#define X(name, kind, text, sentence) {text, kind},
    NLB_L4_QUESTIONS(X)
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

std::string_view question_text(nlb_l4_question question) {
    return kQuestions[question].text;
}

bool is_yes_no(nlb_l4_question question) {
    return kQuestions[question].is_yes_no;
}

} // namespace nlb::flow
