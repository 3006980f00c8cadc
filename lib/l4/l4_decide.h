/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * The decision: a list of questions to the tables. The flow comes first, because answers of targets
 * match no listener. Sections are of the Network Load Balancers user guide.
 */
#ifndef NLB_L4_DECIDE_H
#define NLB_L4_DECIDE_H

#include "l4_flow.h"
#include "l4_hash.h"
#include "l4_parse.h"

NLB_C_TEXT_BEGIN

struct nlb_world;

/* Ports used here; l4_core.h says what each promises. */
static const struct nlb_listener* nlb_port_listener(struct nlb_world* world,
                                                    const struct nlb_listener_key* key);
static const struct nlb_group* nlb_port_group(struct nlb_world* world, nlb_u32 index);
static nlb_u32 nlb_port_slot(struct nlb_world* world, nlb_u32 slot);
static const struct nlb_target* nlb_port_target(struct nlb_world* world, nlb_u32 index);
static int nlb_port_is_node(struct nlb_world* world, nlb_u32 address_be);

NLB_INLINE void nlb_set_verdict(struct nlb_l4_verdict* verdict, enum nlb_l4_reason reason) {
    static const nlb_u8 actions[NLB_REASON_COUNT] = {
#define X(name, action, text, sentence) NLB_##action,
        NLB_L4_REASONS(X)
#undef X
    };
    verdict->reason = (nlb_u8)reason;
    verdict->action = actions[reason];
}

/* Why a flow that exists may not go on; NLB_REASON_FLOW when it may. */
NLB_INLINE enum nlb_l4_reason nlb_flow_objection(struct nlb_world* world, struct nlb_flow* flow,
                                                 nlb_u64 now_ns) {
    const struct nlb_target* target;
    if (nlb_is_over(flow, now_ns)) {
        flow->state |= NLB_FLOW_EXPIRED;
        return NLB_REASON_FLOW_EXPIRED;
    }
    target = nlb_port_target(world, flow->target);
    if (!target || (target->flags & NLB_TARGET_REGISTERED) == 0 ||
        target->generation != flow->target_generation)
        return NLB_REASON_TARGET_GONE;
    if ((target->flags & NLB_TARGET_RESETS) != 0) return NLB_REASON_TARGET_UNHEALTHY;
    return NLB_REASON_FLOW;
}

/* Does the packet belong to a flow? 1 when the verdict is given; 0 when it is to be looked at as
 * a packet without a flow. */
NLB_NOINLINE int nlb_decide_flow(struct nlb_world* world, const struct nlb_l4_desc* desc,
                                 nlb_u64 now_ns, struct nlb_l4_verdict* verdict) {
    struct nlb_flow_key client_key;
    int is_reply;
    struct nlb_flow* flow = nlb_flow_find(world, &desc->key, &client_key, &is_reply);
    enum nlb_l4_reason reason;
    if (!flow) return 0;
    reason = nlb_flow_objection(world, flow, now_ns);
    if (!is_reply && nlb_is_opening(desc->tcp_flags) &&
        (reason != NLB_REASON_FLOW || nlb_is_closed(flow->state))) {
        nlb_flow_remove(world, &client_key, flow); /* the client's port opens another flow */
        return 0;
    }
    verdict->listener = flow->listener;
    verdict->target = flow->target;
    if (reason != NLB_REASON_FLOW) {
        if ((desc->tcp_flags & NLB_TCP_RST) != 0) reason = NLB_REASON_STRAY_RESET;
        nlb_set_verdict(verdict, reason);
        return 1;
    }
    nlb_flow_note(flow, desc->tcp_flags, is_reply, now_ns);
    if (is_reply) {
        nlb_swap_ends(&client_key, &verdict->becomes);
        nlb_set_verdict(verdict, NLB_REASON_REPLY);
    } else {
        verdict->becomes = flow->becomes;
        nlb_set_verdict(verdict, NLB_REASON_FLOW);
    }
    return 1;
}

/* Target of a new flow: index, or NLB_NONE. [Network Load Balancer overview] */
NLB_INLINE nlb_u32 nlb_choose(struct nlb_world* world, const struct nlb_group* group,
                              nlb_u32 hash) {
    if (group->ring_size == 0) return NLB_NONE;
    return nlb_port_slot(world, group->first_slot + nlb_ring_position(hash, group->ring_size));
}

/* Puts `reply` under `key`; a value that is there may stay only if its flow is alive. */
NLB_INLINE int nlb_claim(struct nlb_world* world, const struct nlb_flow_key* key,
                         const struct nlb_flow* reply, nlb_u64 now_ns) {
    struct nlb_flow_key other_key;
    struct nlb_flow* other;
    int is_reply;
    int put = nlb_port_flow_put(world, key, reply);
    if (put != NLB_PUT_EXISTS) return put;
    other = nlb_flow_find(world, key, &other_key, &is_reply);
    if (other && !nlb_is_over(other, now_ns)) return NLB_PUT_EXISTS;
    if (other) nlb_flow_remove(world, &other_key, other);
    return nlb_port_flow_put(world, key, reply);
}

/* Claims a source port by inserting the target's direction; flow->becomes gets it.
 * [Client IP preservation] */
NLB_NOINLINE int nlb_claim_port(struct nlb_world* world, nlb_u32 hash, nlb_u64 now_ns,
                                struct nlb_flow* flow, const struct nlb_flow* reply) {
    struct nlb_flow_key key;
    nlb_u32 offset = nlb_ring_position(hash * 0x9e3779b1U, NLB_SNAT_PORTS);
    /* One more than a multiple of 2, 5 and 11, the primes of 55,000: visits every port. A step of
     * the flow's own keeps the paths of two flows apart. */
    const nlb_u32 step = (hash >> 16U) % 500U * 110U + 1U;
    for (nlb_u32 probe = 0; probe < NLB_SNAT_PROBES; ++probe) {
        int put;
        flow->becomes.source_port_be = nlb_hton16((nlb_u16)(NLB_SNAT_FIRST_PORT + offset));
        nlb_swap_ends(&flow->becomes, &key);
        put = nlb_claim(world, &key, reply, now_ns);
        if (put != NLB_PUT_EXISTS) return put;
        offset = (offset + step) % NLB_SNAT_PORTS;
    }
    return NLB_PUT_EXISTS;
}

/* Inserts both directions of a new flow. */
NLB_INLINE enum nlb_l4_reason nlb_open_flow(struct nlb_world* world,
                                            const struct nlb_flow_key* client_key,
                                            const struct nlb_group* group, nlb_u32 hash,
                                            struct nlb_flow* flow) {
    const nlb_u64 now_ns = flow->last_ns;
    struct nlb_flow reply = *flow;
    struct nlb_flow_key reply_key;
    int put;
    reply.state = NLB_FLOW_REPLY;
    nlb_swap_ends(client_key, &reply.becomes);
    if ((group->flags & NLB_GROUP_PRESERVE_CLIENT_IP) != 0) {
        nlb_swap_ends(&flow->becomes, &reply_key);
        put = nlb_claim(world, &reply_key, &reply, now_ns);
        if (put == NLB_PUT_EXISTS) return NLB_REASON_FLOW_COLLISION;
    } else {
        flow->becomes.source_be = group->source_be;
        put = nlb_claim_port(world, hash, now_ns, flow, &reply);
        if (put == NLB_PUT_EXISTS) return NLB_REASON_PORTS_EXHAUSTED;
    }
    if (put == NLB_PUT_FULL) return NLB_REASON_TABLE_FULL;
    put = nlb_port_flow_put(world, client_key, flow);
    if (put == NLB_PUT_DONE) return NLB_REASON_NEW_FLOW;
    nlb_swap_ends(&flow->becomes, &reply_key);
    nlb_port_flow_del(world, &reply_key);
    return put == NLB_PUT_FULL ? NLB_REASON_TABLE_FULL : NLB_REASON_FLOW_COLLISION;
}

/* A SYN to a listener: choose a target and remember the flow. */
NLB_NOINLINE void nlb_decide_new(struct nlb_world* world, const struct nlb_l4_desc* desc,
                                 const struct nlb_listener* listener, nlb_u64 now_ns,
                                 struct nlb_l4_verdict* verdict) {
    const struct nlb_group* group = nlb_port_group(world, listener->group);
    const struct nlb_target* target;
    struct nlb_flow flow;
    enum nlb_l4_reason reason;
    nlb_u32 hash;
    nlb_set_verdict(verdict, NLB_REASON_NO_TARGET);
    if (!group) return;
    hash = nlb_flow_hash(&desc->key, desc->sequence, group->flags & NLB_GROUP_STICKY);
    __builtin_memset(&flow, 0, sizeof(flow));
    flow.target = nlb_choose(world, group, hash);
    target = nlb_port_target(world, flow.target);
    if (!target || (target->flags & NLB_TARGET_REGISTERED) == 0) return;
    flow.becomes = desc->key;
    flow.becomes.destination_be = target->address_be;
    flow.becomes.destination_port_be = target->port_be;
    flow.last_ns = now_ns;
    flow.listener = listener->index;
    flow.target_generation = target->generation;
    flow.idle_ms = listener->idle_ms;
    verdict->target = flow.target;
    reason = nlb_open_flow(world, &desc->key, group, hash, &flow);
    if (reason == NLB_REASON_NEW_FLOW) verdict->becomes = flow.becomes;
    nlb_set_verdict(verdict, reason);
}

/* What is not a whole TCP segment. At an address of this node it is unintended traffic
 * [Listeners]; a host that only routes it goes on with it. */
NLB_INLINE void nlb_decide_unparsed(struct nlb_world* world, enum nlb_l4_parsed parsed,
                                    const struct nlb_l4_desc* desc,
                                    struct nlb_l4_verdict* verdict) {
    enum nlb_l4_reason reason = NLB_REASON_SHORT_FRAME;
    if (parsed == NLB_PARSED_NOT_IPV4) reason = NLB_REASON_NOT_IPV4;
    if (parsed == NLB_PARSED_TOO_MANY_TAGS) reason = NLB_REASON_TOO_MANY_TAGS;
    if (parsed == NLB_PARSED_BAD_IPV4) reason = NLB_REASON_BAD_IPV4;
    if (parsed >= NLB_PARSED_NOT_TCP) {
        if (parsed == NLB_PARSED_NOT_TCP) reason = NLB_REASON_NOT_TCP;
        if (parsed == NLB_PARSED_FRAGMENT) reason = NLB_REASON_FRAGMENT;
        if (parsed == NLB_PARSED_BAD_TCP) reason = NLB_REASON_BAD_TCP;
        if (!nlb_port_is_node(world, desc->key.destination_be)) reason = NLB_REASON_NOT_OURS;
    }
    nlb_set_verdict(verdict, reason);
}

NLB_INLINE void nlb_l4_decide(struct nlb_world* world, const struct nlb_l4_desc* desc,
                              nlb_u64 now_ns, struct nlb_l4_verdict* verdict) {
    const struct nlb_listener_key key = {desc->key.destination_be, desc->key.destination_port_be,
                                         desc->key.protocol, 0};
    const struct nlb_listener* listener;
    if (nlb_decide_flow(world, desc, now_ns, verdict)) return;
    listener = nlb_port_listener(world, &key);
    if (!listener) { /* [Listeners: unintended traffic is dropped] */
        nlb_set_verdict(verdict, nlb_port_is_node(world, desc->key.destination_be)
                                     ? NLB_REASON_NO_LISTENER
                                     : NLB_REASON_NOT_OURS);
        return;
    }
    verdict->listener = listener->index;
    if ((listener->flags & NLB_LISTENER_HANDED_UP) != 0) {
        nlb_set_verdict(verdict, NLB_REASON_HANDED_UP);
        return;
    }
    if ((desc->tcp_flags & NLB_TCP_RST) != 0) {
        nlb_set_verdict(verdict, NLB_REASON_STRAY_RESET);
        return;
    }
    if (!nlb_is_opening(desc->tcp_flags)) { /* [Listeners: rejected with a RST] */
        nlb_set_verdict(verdict, NLB_REASON_NO_FLOW);
        return;
    }
    nlb_decide_new(world, desc, listener, now_ns, verdict);
}

NLB_C_TEXT_END

#endif
