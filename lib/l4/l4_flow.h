/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * A flow is two entries of one table, one a direction. The entry of the client's direction holds
 * time and state; the other only leads to it.
 */
#ifndef NLB_L4_FLOW_H
#define NLB_L4_FLOW_H

#include "l4_abi.h"

NLB_C_TEXT_BEGIN

struct nlb_world;

#define NLB_PUT_DONE 0
#define NLB_PUT_EXISTS 1
#define NLB_PUT_FULL 2

/* Ports used here; l4_core.h says what each promises. */
static struct nlb_flow* nlb_port_flow_get(struct nlb_world* world, const struct nlb_flow_key* key);
static int nlb_port_flow_put(struct nlb_world* world, const struct nlb_flow_key* key,
                             const struct nlb_flow* flow);
static void nlb_port_flow_del(struct nlb_world* world, const struct nlb_flow_key* key);

NLB_INLINE void nlb_swap_ends(const struct nlb_flow_key* key, struct nlb_flow_key* swapped) {
    __builtin_memset(swapped, 0, sizeof(*swapped));
    swapped->source_be = key->destination_be;
    swapped->destination_be = key->source_be;
    swapped->source_port_be = key->destination_port_be;
    swapped->destination_port_be = key->source_port_be;
    swapped->protocol = key->protocol;
}

NLB_INLINE int nlb_same_key(const struct nlb_flow_key* a, const struct nlb_flow_key* b) {
    return a->source_be == b->source_be && a->destination_be == b->destination_be &&
           a->source_port_be == b->source_port_be &&
           a->destination_port_be == b->destination_port_be && a->protocol == b->protocol;
}

/* A SYN alone opens a flow. */
NLB_INLINE int nlb_is_opening(nlb_u8 flags) {
    return (flags & (NLB_TCP_SYN | NLB_TCP_ACK | NLB_TCP_RST | NLB_TCP_FIN)) == NLB_TCP_SYN;
}

NLB_INLINE int nlb_is_closed(nlb_u32 state) {
    const nlb_u32 both = NLB_FLOW_CLIENT_FIN | NLB_FLOW_TARGET_FIN;
    return (state & NLB_FLOW_RST) != 0 || (state & both) == both;
}

/* [Connection idle timeout] `flow` is of the client's direction. Captures may run backwards. */
NLB_INLINE int nlb_is_over(const struct nlb_flow* flow, nlb_u64 now_ns) {
    const nlb_u64 limit_ms = nlb_is_closed(flow->state) ? NLB_CLOSED_MS : flow->idle_ms;
    if ((flow->state & NLB_FLOW_EXPIRED) != 0) return 1;
    return now_ns > flow->last_ns && now_ns - flow->last_ns > limit_ms * 1000000U;
}

/* The value of the client's direction of the flow that `key` is a direction of; *client_key is its
 * key. A value of the target's direction whose flow is gone is removed on the way. */
NLB_INLINE struct nlb_flow* nlb_flow_find(struct nlb_world* world, const struct nlb_flow_key* key,
                                          struct nlb_flow_key* client_key, int* is_reply) {
    struct nlb_flow* flow = nlb_port_flow_get(world, key);
    struct nlb_flow_key reply_key;
    *is_reply = 0;
    *client_key = *key;
    if (!flow || (flow->state & NLB_FLOW_REPLY) == 0) return flow;
    *is_reply = 1;
    nlb_swap_ends(&flow->becomes, client_key);
    flow = nlb_port_flow_get(world, client_key);
    if (flow && (flow->state & NLB_FLOW_REPLY) == 0) {
        nlb_swap_ends(&flow->becomes, &reply_key);
        if (nlb_same_key(&reply_key, key)) return flow;
    }
    nlb_port_flow_del(world, key);
    return 0;
}

NLB_INLINE void nlb_flow_remove(struct nlb_world* world, const struct nlb_flow_key* client_key,
                                const struct nlb_flow* flow) {
    struct nlb_flow_key reply_key;
    nlb_swap_ends(&flow->becomes, &reply_key);
    nlb_port_flow_del(world, &reply_key);
    nlb_port_flow_del(world, client_key);
}

NLB_INLINE void nlb_flow_note(struct nlb_flow* flow, nlb_u8 flags, int is_reply, nlb_u64 now_ns) {
    if (now_ns > flow->last_ns) flow->last_ns = now_ns;
    if ((flags & NLB_TCP_RST) != 0) flow->state |= NLB_FLOW_RST;
    if ((flags & NLB_TCP_FIN) != 0)
        flow->state |= is_reply ? NLB_FLOW_TARGET_FIN : NLB_FLOW_CLIENT_FIN;
}

NLB_C_TEXT_END

#endif
