/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * A flow is two entries of one table, one a direction. The entry of the client's direction holds
 * time and state; the other leads to it and counts its own packets. IPv4 and IPv6 have a table
 * each; `v6` says which and is a constant wherever these functions are inlined.
 */
#ifndef NLB_L4_FLOW_H
#define NLB_L4_FLOW_H

#include "l4_age.h"
#include "l4_ends.h"
#include "l4_work.h"

NLB_C_TEXT_BEGIN

struct nlb_world;

/* Ports used here; l4_core.h says what each promises. */
static struct nlb_flow* nlb_port_flow_get(struct nlb_world* world, const struct nlb_tuple* key,
                                          int v6);
static int nlb_port_flow_put(struct nlb_world* world, const struct nlb_tuple* key, int v6,
                             const struct nlb_flow* flow);
static void nlb_port_flow_del(struct nlb_world* world, const struct nlb_tuple* key, int v6);
static void nlb_port_event(struct nlb_world* world, enum nlb_event_kind kind,
                           const struct nlb_pair* ends, const struct nlb_flow* flow);

/* Puts a direction into the table; `becomes` is what its packets become, `value` room for both. */
NLB_INLINE int nlb_flow_insert(struct nlb_world* world, const struct nlb_tuple* key,
                               const struct nlb_flow* flow, const struct nlb_tuple* becomes,
                               struct nlb_flow6* value, int v6) {
    nlb_flow_fill(value, flow, becomes, v6);
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
};

/* An entry of the target's direction whose flow is gone is removed on the way. `room` is for a key:
 * the stack is short. */
NLB_INLINE struct nlb_found nlb_flow_find(struct nlb_world* world, const struct nlb_tuple* key,
                                          struct nlb_tuple* room, int v6) {
    struct nlb_found found = {0, 0};
    found.own = nlb_port_flow_get(world, key, v6);
    if (!found.own) return found;
    if ((found.own->state & NLB_FLOW_REPLY) == 0) {
        found.client = found.own;
        return found;
    }
    nlb_flow_other_key(found.own, key->protocol, v6, room);
    found.client = nlb_port_flow_get(world, room, v6);
    if (found.client && (found.client->state & NLB_FLOW_REPLY) == 0 &&
        nlb_flow_has_other(found.client, key, v6))
        return found;
    nlb_port_flow_del(world, key, v6);
    found.client = 0;
    return found;
}

/* The ends of the flow that `key` belongs to. */
NLB_INLINE void nlb_flow_ends(const struct nlb_found* found, const struct nlb_tuple* key,
                              struct nlb_pair* ends, int v6) {
    nlb_flow_becomes(found->client, key->protocol, v6, &ends->becomes);
    if (found->own == found->client)
        ends->client_key = *key;
    else
        nlb_flow_other_key(found->own, key->protocol, v6, &ends->client_key);
}

/* Both directions; uses `ends` up, because the stack is short. */
NLB_INLINE void nlb_flow_remove(struct nlb_world* world, struct nlb_pair* ends, int v6) {
    nlb_port_flow_del(world, &ends->client_key, v6);
    nlb_swap_ends(&ends->becomes, &ends->client_key, v6);
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

/* What the outside hears of a change of state; the ends are in work->found. */
NLB_NOINLINE void nlb_flow_tell(struct nlb_world* world, const struct nlb_l4_work* work,
                                const struct nlb_flow* client, nlb_u32 was) {
    const nlb_u32 now = client->state & ~was;
    if ((now & NLB_FLOW_REFUSED) != 0)
        nlb_port_event(world, NLB_EVENT_REFUSED, &work->found, client);
    else if ((now & NLB_FLOW_TARGET_RST) != 0 && (was & NLB_FLOW_TARGET_DATA) == 0)
        nlb_port_event(world, NLB_EVENT_RESET, &work->found, client);
    if (nlb_is_closed(client->state) && !nlb_is_closed(was))
        nlb_port_event(world, NLB_EVENT_CLOSED, &work->found, client);
}

/* A packet of a live flow. */
NLB_INLINE void nlb_flow_note(struct nlb_world* world, const struct nlb_found* found,
                              struct nlb_l4_work* work, nlb_u64 now_ns, int v6) {
    const struct nlb_l4_desc* desc = &work->desc;
    struct nlb_flow* client = found->client;
    const int is_reply = found->own != client;
    const nlb_u32 was = client->state;
    nlb_u32 is = was | nlb_seen_in(was, desc->tcp_flags, is_reply);
    if (is_reply && desc->segment_length != 0 &&
        (desc->tcp_flags & (NLB_TCP_SYN | NLB_TCP_FIN | NLB_TCP_RST)) == 0)
        is |= NLB_FLOW_TARGET_DATA;
    if (nlb_moment(now_ns) - client->last < 1U << 31U) client->last = nlb_moment(now_ns);
    found->own->packets += 1;
    found->own->bytes += desc->length;
    if (is == was) return;
    client->state = (nlb_u16)is;
    nlb_flow_ends(found, &desc->key, &work->found, v6);
    nlb_flow_tell(world, work, client, was);
}

NLB_C_TEXT_END

#endif
