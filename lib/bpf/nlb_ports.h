/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * The ports of the core that both hooks share: a few lines over a map each. The frame says what
 * NLB_CONTEXT, a packet in the kernel, is, and how to ask it for its length and interface.
 */
#ifndef NLB_BPF_PORTS_H
#define NLB_BPF_PORTS_H

#include "bpf/nlb_maps.h"

struct nlb_world {
    NLB_CONTEXT* packet;
    struct nlb_scratch* scratch;
    struct nlb_state* state;
    struct nlb_test_cell* test; /* null when live */
    nlb_u32 half;               /* of the tables: the same for the whole packet */
};

#include "l4/l4_core.h"

/* The second needs what the first declares. */
#include "bpf/nlb_flow_ports.h"

/* Of the frame: the interface the packet came in by. */
static nlb_u32 nlb_frame_ifindex(struct nlb_world* world);

static const struct nlb_listener* nlb_port_listener(struct nlb_world* world,
                                                    const struct nlb_listener_key* key) {
    void* listeners = bpf_map_lookup_elem(&nlb_listeners, &world->half);
    return listeners ? bpf_map_lookup_elem(listeners, key) : 0;
}

static const struct nlb_group* nlb_port_group(struct nlb_world* world, nlb_u32 index) {
    void* groups = bpf_map_lookup_elem(&nlb_groups, &world->half);
    return groups ? bpf_map_lookup_elem(groups, &index) : 0;
}

static nlb_u32 nlb_port_slot(struct nlb_world* world, nlb_u32 slot) {
    void* slots = bpf_map_lookup_elem(&nlb_slots, &world->half);
    const struct nlb_slot* found = slots ? bpf_map_lookup_elem(slots, &slot) : 0;
    return found ? found->target : NLB_NONE;
}

static const struct nlb_target* nlb_port_target(struct nlb_world* world, nlb_u32 index) {
    return bpf_map_lookup_elem(&nlb_targets, &index);
}

static int nlb_port_is_node(struct nlb_world* world, const struct nlb_address* address) {
    void* nodes = bpf_map_lookup_elem(&nlb_nodes, &world->half);
    return nodes && bpf_map_lookup_elem(nodes, address) != 0;
}

static struct nlb_fragment* nlb_port_fragment(struct nlb_world* world, nlb_u32 slot) {
    return bpf_map_lookup_elem(&nlb_fragments, &slot);
}

static nlb_u64* nlb_port_exhausted(struct nlb_world* world, nlb_u32 target) {
    return bpf_map_lookup_elem(&nlb_snat, &target);
}

static int nlb_port_guard(struct nlb_world* world, nlb_u64 now_ns) {
    const nlb_u32 zero = 0;
    const nlb_u64 second = now_ns / 1000000000U;
    struct nlb_guard* seen;
    if (world->state->new_flows == 0) return 0;
    seen = nlb_config.testing ? bpf_map_lookup_elem(&nlb_test_guard, &zero)
                              : bpf_map_lookup_elem(&nlb_guard, &zero);
    if (!seen) return 0;
    if (seen->second != second) {
        seen->second = second;
        seen->flows = 0;
    }
    seen->flows += 1;
    return seen->flows > world->state->new_flows;
}

/* [tcp(7)] states, as the kernel's struct bpf_sock has them. */
#define NLB_SOCKET_ESTABLISHED 1U /* of UDP: connected */
#define NLB_SOCKET_LISTEN 10U

/* Functions of their own: the verifier tells the two kinds of sockets apart. */
NLB_NOINLINE int nlb_has_tcp_socket(struct nlb_world* world, struct bpf_sock_tuple* ends,
                                    nlb_u32 size) {
    struct bpf_sock* socket = bpf_skc_lookup_tcp(world->packet, ends, size, BPF_F_CURRENT_NETNS, 0);
    int found;
    if (!socket) return 0;
    found = socket->state != NLB_SOCKET_LISTEN;
    bpf_sk_release(socket);
    return found;
}

NLB_NOINLINE int nlb_has_udp_socket(struct nlb_world* world, struct bpf_sock_tuple* ends,
                                    nlb_u32 size) {
    struct bpf_sock* socket = bpf_sk_lookup_udp(world->packet, ends, size, BPF_F_CURRENT_NETNS, 0);
    int found;
    if (!socket) return 0;
    found = socket->state == NLB_SOCKET_ESTABLISHED;
    bpf_sk_release(socket);
    return found;
}

NLB_NOINLINE int nlb_port_host_socket(struct nlb_world* world, const struct nlb_l4_desc* desc) {
    const struct nlb_tuple* key = &desc->key;
    const int v6 = key->family == 6;
    struct bpf_sock_tuple ends;
    if (nlb_config.testing) return 0;
    __builtin_memset(&ends, 0, sizeof(ends));
    if (v6) {
        __builtin_memcpy(ends.ipv6.saddr, key->source_be, 16);
        __builtin_memcpy(ends.ipv6.daddr, key->destination_be, 16);
        ends.ipv6.sport = key->source_port_be;
        ends.ipv6.dport = key->destination_port_be;
    } else {
        ends.ipv4.saddr = key->source_be[0];
        ends.ipv4.daddr = key->destination_be[0];
        ends.ipv4.sport = key->source_port_be;
        ends.ipv4.dport = key->destination_port_be;
    }
    if (key->protocol == NLB_PROTOCOL_TCP)
        return v6 ? nlb_has_tcp_socket(world, &ends, sizeof(ends.ipv6))
                  : nlb_has_tcp_socket(world, &ends, sizeof(ends.ipv4));
    return v6 ? nlb_has_udp_socket(world, &ends, sizeof(ends.ipv6))
              : nlb_has_udp_socket(world, &ends, sizeof(ends.ipv4));
}

static int nlb_port_from_gateway(struct nlb_world* world) {
    const nlb_u32 ifindex = nlb_frame_ifindex(world);
    return !nlb_config.testing && bpf_map_lookup_elem(&nlb_gateways, &ifindex) != 0;
}

static void nlb_lose_event(void) {
    const nlb_u32 zero = 0;
    nlb_u64* lost = bpf_map_lookup_elem(&nlb_lost_events, &zero);
    if (lost) *lost += 1;
}

/* Userspace looks on its own often enough for what is not urgent: a wakeup costs more than the
 * rest of the packet. */
static void nlb_port_event(struct nlb_world* world, enum nlb_event_kind kind,
                           const struct nlb_pair* ends, const struct nlb_flow* flow) {
    struct nlb_flow_event* event;
    if (nlb_config.testing || kind == NLB_EVENT_OPENED) return; /* the flow table tells as much */
    if (kind == NLB_EVENT_CLOSED && world->state->tells_closed == 0) return;
    event = bpf_ringbuf_reserve(&nlb_events, sizeof(*event), 0);
    if (!event) {
        nlb_lose_event();
        return;
    }
    event->kind = kind;
    event->zero = 0;
    event->ends = *ends;
    event->flow = *flow;
    bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

NLB_INLINE void nlb_port_ask(struct nlb_world* world, enum nlb_l4_question question,
                             nlb_u64 answer) {
}

struct nlb_tries {
    struct nlb_world* world;
    struct nlb_l4_work* work;
};

/* Not through nlb_try_port4 and 6: on Linux 6.1 the frames of all callers take 512 bytes. */
static long nlb_try_next4(nlb_u32 index, void* context) {
    struct nlb_tries* tries = context;
    return nlb_try_port(tries->world, tries->work, 0);
}

static long nlb_try_next6(nlb_u32 index, void* context) {
    struct nlb_tries* tries = context;
    return nlb_try_port(tries->world, tries->work, 1);
}

NLB_INLINE void nlb_port_try_ports(struct nlb_world* world, nlb_u32 probes,
                                   struct nlb_l4_work* work, int v6) {
    struct nlb_tries tries = {world, work};
    bpf_loop(probes, v6 ? nlb_try_next6 : nlb_try_next4, &tries, 0);
}

#define NLB_BIT(reason) (1ULL << (reason))

/* Why no flow is opened for a packet that would open one. */
#define NLB_REJECTIONS                                                                             \
    (NLB_BIT(NLB_REASON_NO_TARGET) | NLB_BIT(NLB_REASON_HAIRPIN) |                                 \
     NLB_BIT(NLB_REASON_PORTS_EXHAUSTED) | NLB_BIT(NLB_REASON_FLOW_COLLISION) |                    \
     NLB_BIT(NLB_REASON_TABLE_FULL) | NLB_BIT(NLB_REASON_NEW_FLOW_RATE))

NLB_INLINE void nlb_count_listener(const struct nlb_l4_work* work) {
    const struct nlb_l4_verdict* verdict = &work->verdict;
    struct nlb_listener_counters* totals;
    nlb_u32 place;
    if (verdict->listener == NLB_NONE) return;
    place = nlb_counters_place(verdict->listener, work->desc.key.protocol);
    totals = bpf_map_lookup_elem(&nlb_by_listener, &place);
    if (!totals) return;
    if (verdict->action == NLB_FORWARD) {
        totals->packets += 1;
        totals->bytes += work->desc.length;
        if (verdict->reason == NLB_REASON_NEW_FLOW) totals->new_flows += 1;
        if ((work->desc.tcp_flags & NLB_TCP_RST) == 0) return;
        if (verdict->reason == NLB_REASON_REPLY) totals->target_resets += 1;
        if (verdict->reason == NLB_REASON_FLOW) totals->client_resets += 1;
    } else {
        if (verdict->action == NLB_RESET) totals->elb_resets += 1;
        if (verdict->reason == NLB_REASON_PORTS_EXHAUSTED) totals->port_errors += 1;
        if ((NLB_REJECTIONS >> verdict->reason & 1U) != 0) totals->rejected += 1;
    }
}

NLB_INLINE void nlb_port_count(struct nlb_world* world, const struct nlb_l4_work* work) {
    const nlb_u32 reason = work->verdict.reason;
    nlb_u64* counter = bpf_map_lookup_elem(&nlb_counters, &reason);
    if (counter) *counter += 1;
    if (!nlb_config.testing) nlb_count_listener(work);
}

NLB_NOINLINE nlb_u64 nlb_ask_clock(struct nlb_state* state) {
    const nlb_u64 now_ns = bpf_ktime_get_coarse_ns();
    if (state->tick_ns != 0) state->tick_zero_ns = now_ns - bpf_jiffies64() * state->tick_ns;
    return now_ns;
}

/* The coarse monotonic clock. Ticks are counted by that clock and read without a call, which costs
 * more than a lookup on some processors. */
NLB_INLINE nlb_u64 nlb_clock(struct nlb_state* state) {
    if (state->tick_zero_ns == 0) return nlb_ask_clock(state);
    return bpf_jiffies64() * state->tick_ns + state->tick_zero_ns;
}

/* What both frames begin with. Not 0: no packet can be looked at. */
NLB_INLINE int nlb_begin_packet(struct nlb_world* world, nlb_u64* now_ns) {
    const nlb_u32 zero = 0;
    world->scratch = bpf_map_lookup_elem(&nlb_scratch, &zero);
    world->state = bpf_map_lookup_elem(&nlb_state, &zero);
    world->test = 0;
    if (!world->scratch || !world->state) return 1;
    world->half = world->state->half & 1U;
    world->scratch->way = NLB_WAY_UP;
    if (nlb_config.testing) {
        world->test = bpf_map_lookup_elem(&nlb_test, &zero);
        if (!world->test) return 1;
        *now_ns = world->test->now_ns;
    } else {
        *now_ns = nlb_clock(world->state);
    }
    return 0;
}

/* What a test run is asked for. */
NLB_INLINE void nlb_tell_test(struct nlb_world* world) {
    if (!nlb_config.testing || !world->test) return;
    world->test->desc = world->scratch->work.desc;
    world->test->verdict = world->scratch->work.verdict;
}

#endif
