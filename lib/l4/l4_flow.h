/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * A flow is two entries of one table, one a direction. The entry of the client's direction holds
 * time and state; the other leads to it and counts its own packets. IPv4 and IPv6 have a table
 * each; `v6` says which and is a constant wherever these functions are inlined.
 */
#ifndef NLB_L4_FLOW_H
#define NLB_L4_FLOW_H

#include "l4_age.h"
#include "l4_work.h"

NLB_C_TEXT_BEGIN

struct nlb_world;

#define NLB_PUT_DONE 0
#define NLB_PUT_EXISTS 1
#define NLB_PUT_FULL 2

/* Ports used here; l4_core.h says what each promises. */
static struct nlb_flow* nlb_port_flow_get(struct nlb_world* world, const struct nlb_tuple* key,
                                          int v6);
static int nlb_port_flow_put(struct nlb_world* world, const struct nlb_tuple* key, int v6,
                             const struct nlb_flow* flow);
static void nlb_port_flow_del(struct nlb_world* world, const struct nlb_tuple* key, int v6);
static void nlb_port_event(struct nlb_world* world, enum nlb_event_kind kind,
                           const struct nlb_pair* ends, const struct nlb_flow* flow);

/* The key of an IPv4 direction. */
NLB_INLINE void nlb_key4(const struct nlb_tuple* tuple, struct nlb_flow_key* key) {
    key->source_be = tuple->source_be[0];
    key->destination_be = tuple->destination_be[0];
    key->source_port_be = tuple->source_port_be;
    key->destination_port_be = tuple->destination_port_be;
    key->protocol = tuple->protocol;
    key->zero[0] = key->zero[1] = key->zero[2] = 0;
}

NLB_INLINE void nlb_copy_address(const nlb_u32* from, nlb_u32* to, int v6) {
    to[0] = from[0];
    to[1] = v6 ? from[1] : 0;
    to[2] = v6 ? from[2] : 0;
    to[3] = v6 ? from[3] : 0;
}

NLB_INLINE int nlb_same_address(const nlb_u32* a, const nlb_u32* b, int v6) {
    if (a[0] != b[0]) return 0;
    return !v6 || (a[1] == b[1] && a[2] == b[2] && a[3] == b[3]);
}

NLB_INLINE void nlb_swap_ends(const struct nlb_tuple* tuple, struct nlb_tuple* swapped, int v6) {
    nlb_copy_address(tuple->destination_be, swapped->source_be, v6);
    nlb_copy_address(tuple->source_be, swapped->destination_be, v6);
    swapped->source_port_be = tuple->destination_port_be;
    swapped->destination_port_be = tuple->source_port_be;
    swapped->protocol = tuple->protocol;
    swapped->family = tuple->family;
    swapped->zero[0] = swapped->zero[1] = 0;
}

NLB_INLINE int nlb_same_tuple(const struct nlb_tuple* a, const struct nlb_tuple* b, int v6) {
    return nlb_same_address(a->source_be, b->source_be, v6) &&
           nlb_same_address(a->destination_be, b->destination_be, v6) &&
           a->source_port_be == b->source_port_be &&
           a->destination_port_be == b->destination_port_be && a->protocol == b->protocol;
}

/* What a packet of `flow`'s direction becomes. */
NLB_INLINE void nlb_flow_becomes(const struct nlb_flow* flow, nlb_u8 protocol, int v6,
                                 struct nlb_tuple* out) {
    if (v6) {
        const struct nlb_flow6* flow6 = (const struct nlb_flow6*)flow;
        nlb_copy_address(flow6->source_be, out->source_be, 1);
        nlb_copy_address(flow6->destination_be, out->destination_be, 1);
    } else {
        const struct nlb_flow4* flow4 = (const struct nlb_flow4*)flow;
        nlb_copy_address(&flow4->source_be, out->source_be, 0);
        nlb_copy_address(&flow4->destination_be, out->destination_be, 0);
    }
    out->source_port_be = flow->source_port_be;
    out->destination_port_be = flow->destination_port_be;
    out->protocol = protocol;
    out->family = v6 ? 6 : 4;
    out->zero[0] = out->zero[1] = 0;
}

/* Puts a direction into the table; `becomes` is what its packets become, `value` room for both. */
NLB_INLINE int nlb_flow_insert(struct nlb_world* world, const struct nlb_tuple* key,
                               const struct nlb_flow* flow, const struct nlb_tuple* becomes,
                               struct nlb_flow6* value, int v6) {
    value->flow = *flow;
    value->flow.source_port_be = becomes->source_port_be;
    value->flow.destination_port_be = becomes->destination_port_be;
    if (v6) {
        nlb_copy_address(becomes->source_be, value->source_be, 1);
        nlb_copy_address(becomes->destination_be, value->destination_be, 1);
    } else {
        struct nlb_flow4* value4 = (struct nlb_flow4*)value;
        value4->source_be = becomes->source_be[0];
        value4->destination_be = becomes->destination_be[0];
    }
    return nlb_port_flow_put(world, key, v6, &value->flow);
}

/* A SYN alone opens a flow, and so does every datagram. */
NLB_INLINE int nlb_is_opening(nlb_u8 protocol, nlb_u8 flags) {
    return protocol == NLB_PROTOCOL_UDP ||
           (flags & (NLB_TCP_SYN | NLB_TCP_ACK | NLB_TCP_RST | NLB_TCP_FIN)) == NLB_TCP_SYN;
}

/* The directions of the flow that a packet belongs to. */
struct nlb_found {
    struct nlb_flow* client; /* null: no flow */
    struct nlb_flow* own;    /* of the packet's direction; the same when it is the client's */
    struct nlb_pair* ends;   /* valid when there is a flow */
};

/* Fills *ends and what is returned. An entry of the target's direction whose flow is gone is
 * removed on the way. */
NLB_INLINE struct nlb_found nlb_flow_find(struct nlb_world* world, const struct nlb_tuple* key,
                                          struct nlb_pair* ends, int v6) {
    struct nlb_found found = {0, 0, ends};
    struct nlb_tuple reply_key;
    found.own = nlb_port_flow_get(world, key, v6);
    if (!found.own) return found;
    if ((found.own->state & NLB_FLOW_REPLY) == 0) {
        found.client = found.own;
        ends->client_key = *key;
        nlb_flow_becomes(found.own, key->protocol, v6, &ends->becomes);
        return found;
    }
    nlb_flow_becomes(found.own, key->protocol, v6, &reply_key);
    nlb_swap_ends(&reply_key, &ends->client_key, v6);
    found.client = nlb_port_flow_get(world, &ends->client_key, v6);
    if (found.client && (found.client->state & NLB_FLOW_REPLY) == 0) {
        nlb_flow_becomes(found.client, key->protocol, v6, &ends->becomes);
        nlb_swap_ends(&ends->becomes, &reply_key, v6);
        if (nlb_same_tuple(&reply_key, key, v6)) return found;
    }
    nlb_port_flow_del(world, key, v6);
    found.client = 0;
    return found;
}

NLB_INLINE void nlb_flow_remove(struct nlb_world* world, const struct nlb_pair* ends, int v6) {
    struct nlb_tuple reply_key;
    nlb_swap_ends(&ends->becomes, &reply_key, v6);
    nlb_port_flow_del(world, &reply_key, v6);
    nlb_port_flow_del(world, &ends->client_key, v6);
}

NLB_INLINE nlb_u32 nlb_seen_in(nlb_u32 state, nlb_u8 flags, int is_reply) {
    nlb_u32 seen = 0;
    if ((flags & NLB_TCP_RST) != 0) {
        if (is_reply && (state & NLB_FLOW_ANSWERED) == 0) seen |= NLB_FLOW_REFUSED;
        return seen | (is_reply ? NLB_FLOW_TARGET_RST : NLB_FLOW_CLIENT_RST);
    }
    if (is_reply) seen |= NLB_FLOW_ANSWERED;
    if ((flags & NLB_TCP_FIN) != 0) seen |= is_reply ? NLB_FLOW_TARGET_FIN : NLB_FLOW_CLIENT_FIN;
    return seen;
}

/* A packet of a live flow: what it says of the state, and what the outside hears of it. */
NLB_INLINE void nlb_flow_note(struct nlb_world* world, const struct nlb_found* found,
                              const struct nlb_l4_desc* desc, nlb_u64 now_ns) {
    struct nlb_flow* client = found->client;
    const int is_reply = found->own != client;
    const nlb_u32 was = client->state;
    nlb_u32 state = was | nlb_seen_in(was, desc->tcp_flags, is_reply);
    if (is_reply && desc->segment_length != 0 &&
        (desc->tcp_flags & (NLB_TCP_SYN | NLB_TCP_FIN | NLB_TCP_RST)) == 0)
        state |= NLB_FLOW_TARGET_DATA;
    if (now_ns > client->last_ns) client->last_ns = now_ns;
    found->own->packets += 1;
    found->own->bytes += desc->length;
    if (state == was) return;
    client->state = (nlb_u16)state;
    if ((state & ~was & NLB_FLOW_REFUSED) != 0)
        nlb_port_event(world, NLB_EVENT_REFUSED, found->ends, client);
    else if ((state & ~was & NLB_FLOW_TARGET_RST) != 0 && (was & NLB_FLOW_TARGET_DATA) == 0)
        nlb_port_event(world, NLB_EVENT_RESET, found->ends, client);
    if (nlb_is_closed(state) && !nlb_is_closed(was))
        nlb_port_event(world, NLB_EVENT_CLOSED, found->ends, client);
}

NLB_C_TEXT_END

#endif
