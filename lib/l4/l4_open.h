/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * A flow comes to life: a target is chosen, a source port claimed, both directions remembered.
 * Sections are of the Network Load Balancers user guide.
 */
#ifndef NLB_L4_OPEN_H
#define NLB_L4_OPEN_H

#include "l4_flow.h"
#include "l4_hash.h"

NLB_C_TEXT_BEGIN

struct nlb_world;

/* Ports used here; l4_core.h says what each promises. */
static const struct nlb_group* nlb_port_group(struct nlb_world* world, nlb_u32 index);
static nlb_u32 nlb_port_slot(struct nlb_world* world, nlb_u32 slot);
static const struct nlb_target* nlb_port_target(struct nlb_world* world, nlb_u32 index);
static nlb_u64* nlb_port_exhausted(struct nlb_world* world, nlb_u32 target);
static void nlb_port_try_ports(struct nlb_world* world, nlb_u32 probes, struct nlb_l4_work* work,
                               int v6);
static void nlb_port_ask(struct nlb_world* world, enum nlb_l4_question question, nlb_u64 answer);

/* A flow that has the key of the target's direction already makes way when it is over. Not 0: it is
 * not over. */
NLB_INLINE int nlb_stays(struct nlb_world* world, struct nlb_l4_work* work, int v6) {
    const struct nlb_opening* opening = &work->opening;
    const struct nlb_found other =
        nlb_flow_find(world, &opening->reply_key, &work->in_the_way.client_key, v6);
    if (!other.client) return 0;
    if (!nlb_is_over(other.client, opening->now_ns)) return 1;
    nlb_flow_ends(&other, &opening->reply_key, &work->in_the_way, v6);
    nlb_flow_remove(world, &work->in_the_way, v6);
    return 0;
}

NLB_NOINLINE int nlb_stays4(struct nlb_world* world, struct nlb_l4_work* work) {
    return nlb_stays(world, work, 0);
}

NLB_NOINLINE int nlb_stays6(struct nlb_world* world, struct nlb_l4_work* work) {
    return nlb_stays(world, work, 1);
}

NLB_INLINE int nlb_insert_reply(struct nlb_world* world, struct nlb_l4_work* work, int v6) {
    const struct nlb_opening* opening = &work->opening;
    return nlb_flow_insert(world, &opening->reply_key, &opening->reply, &opening->reply_becomes,
                           &work->value, v6);
}

/* Puts the target's direction into the table. */
NLB_INLINE int nlb_claim(struct nlb_world* world, struct nlb_l4_work* work, int v6) {
    const int put = nlb_insert_reply(world, work, v6);
    if (put != NLB_PUT_EXISTS) return put;
    if (v6 ? nlb_stays6(world, work) : nlb_stays4(world, work)) return NLB_PUT_EXISTS;
    return nlb_insert_reply(world, work, v6);
}

/* Not 0: no more ports are to be tried. */
NLB_INLINE long nlb_try_port(struct nlb_world* world, struct nlb_l4_work* work, int v6) {
    struct nlb_opening* opening = &work->opening;
    opening->reply_key.destination_port_be =
        nlb_hton16((nlb_u16)(NLB_SNAT_FIRST_PORT + opening->offset));
    opening->put = (nlb_u32)nlb_claim(world, work, v6);
    opening->offset = (opening->offset + opening->step) % NLB_SNAT_PORTS;
    return opening->put != NLB_PUT_EXISTS;
}

NLB_NOINLINE long nlb_try_port4(struct nlb_world* world, struct nlb_l4_work* work) {
    return nlb_try_port(world, work, 0);
}

NLB_NOINLINE long nlb_try_port6(struct nlb_world* world, struct nlb_l4_work* work) {
    return nlb_try_port(world, work, 1);
}

/* How many ports may be tried: all, but few while all were taken a moment ago, so that a flood
 * towards a target without ports stays cheap. */
NLB_INLINE nlb_u32 nlb_port_probes(const nlb_u64* exhausted_ns, nlb_u64 now_ns) {
    if (!exhausted_ns || *exhausted_ns == 0) return NLB_SNAT_PORTS;
    return now_ns - *exhausted_ns < NLB_SNAT_RETRY_NS ? NLB_SNAT_FEW_PROBES : NLB_SNAT_PORTS;
}

/* Claims a source port by inserting the target's direction: the table itself says which are taken.
 * [Client IP preservation] */
NLB_INLINE int nlb_claim_port(struct nlb_world* world, struct nlb_l4_work* work, int v6) {
    struct nlb_opening* opening = &work->opening;
    nlb_u64* exhausted_ns = nlb_port_exhausted(world, opening->client.target);
    const nlb_u32 probes = nlb_port_probes(exhausted_ns, opening->now_ns);
    opening->offset = nlb_ring_position(opening->hash * 0x9e3779b1U, NLB_SNAT_PORTS);
    /* One more than a multiple of 2, 5 and 11, the primes of 55,000: visits every port. A step of
     * the flow's own keeps the paths of two flows apart. */
    opening->step = (opening->hash >> 16U) % 500U * 110U + 1U;
    if ((v6 ? nlb_try_port6(world, work) : nlb_try_port4(world, work)) == 0)
        nlb_port_try_ports(world, probes - 1U, work, v6);
    opening->becomes.source_port_be = opening->reply_key.destination_port_be;
    if (opening->put == NLB_PUT_EXISTS && exhausted_ns && probes == NLB_SNAT_PORTS)
        *exhausted_ns = opening->now_ns;
    nlb_port_ask(world, NLB_ASK_SOURCE_PORT, nlb_ntoh16(opening->becomes.source_port_be));
    return (int)opening->put;
}

/* Inserts both directions. */
NLB_INLINE enum nlb_l4_reason nlb_open_flow(struct nlb_world* world, nlb_u32 preserves,
                                            struct nlb_l4_work* work, int v6) {
    struct nlb_opening* opening = &work->opening;
    int put;
    nlb_swap_ends(&opening->becomes, &opening->reply_key, v6);
    nlb_swap_ends(&work->desc.key, &opening->reply_becomes, v6);
    put = preserves != 0 ? nlb_claim(world, work, v6) : nlb_claim_port(world, work, v6);
    if (put == NLB_PUT_EXISTS)
        return preserves != 0 ? NLB_REASON_FLOW_COLLISION : NLB_REASON_PORTS_EXHAUSTED;
    if (put == NLB_PUT_FULL) return NLB_REASON_TABLE_FULL;
    put = nlb_flow_insert(world, &work->desc.key, &opening->client, &opening->becomes, &work->value,
                          v6);
    if (put == NLB_PUT_DONE) return NLB_REASON_NEW_FLOW;
    nlb_port_flow_del(world, &opening->reply_key, v6);
    return put == NLB_PUT_FULL ? NLB_REASON_TABLE_FULL : NLB_REASON_FLOW_COLLISION;
}

/* The target of a new flow: index, or NLB_NONE. [Network Load Balancer overview] */
NLB_INLINE nlb_u32 nlb_choose(struct nlb_world* world, const struct nlb_group* group,
                              nlb_u32 hash) {
    nlb_u32 position;
    nlb_port_ask(world, NLB_ASK_HASH, hash);
    nlb_port_ask(world, NLB_ASK_RING_SIZE, group->ring_size);
    if (group->ring_size == 0) return NLB_NONE;
    position = nlb_ring_position(hash, group->ring_size);
    nlb_port_ask(world, NLB_ASK_SLOT, position);
    return nlb_port_slot(world, group->first_slot + position);
}

/* The flow as its first packet makes it. */
NLB_INLINE void nlb_fill_opening(struct nlb_l4_work* work, const struct nlb_listener* listener,
                                 const struct nlb_target* target, nlb_u64 now_ns, int v6) {
    struct nlb_opening* opening = &work->opening;
    struct nlb_flow* client = &opening->client;
    opening->now_ns = now_ns;
    opening->becomes = work->desc.key;
    nlb_copy_address(target->address_be, opening->becomes.destination_be, v6);
    opening->becomes.destination_port_be = target->port_be;
    __builtin_memset(client, 0, sizeof(*client));
    client->last = nlb_moment(now_ns);
    client->opened_s = (nlb_u32)(now_ns / 1000000000U);
    client->target = (nlb_u16)work->verdict.target;
    client->target_generation = target->generation;
    client->listener = (nlb_u16)listener->index;
    client->idle_ms = listener->idle_ms;
    opening->reply = *client;
    opening->reply.state = NLB_FLOW_REPLY;
    client->packets = 1;
    client->bytes = work->desc.length;
}

/* What a packet that opens a flow meets. */
NLB_INLINE enum nlb_l4_reason nlb_open(struct nlb_world* world, struct nlb_l4_work* work,
                                       const struct nlb_listener* listener, nlb_u64 now_ns,
                                       int v6) {
    const struct nlb_l4_desc* desc = &work->desc;
    struct nlb_l4_verdict* verdict = &work->verdict;
    const struct nlb_group* group = nlb_port_group(world, listener->group);
    const struct nlb_target* target;
    enum nlb_l4_reason reason;
    nlb_u32 preserves;
    nlb_u32 index;
    if (!group) return NLB_REASON_NO_TARGET;
    preserves = group->flags & NLB_GROUP_PRESERVE_CLIENT_IP;
    work->opening.hash =
        nlb_flow_hash(&desc->key, desc->sequence, group->flags & NLB_GROUP_STICKY, v6);
    index = nlb_choose(world, group, work->opening.hash);
    target = nlb_port_target(world, index);
    if (!target || (target->flags & NLB_TARGET_REGISTERED) == 0) return NLB_REASON_NO_TARGET;
    nlb_port_ask(world, NLB_ASK_TARGET, index);
    verdict->target = index;
    if (preserves != 0 && nlb_same_address(desc->key.source_be, target->address_be, v6))
        return NLB_REASON_HAIRPIN; /* [Troubleshooting: a target that is its own client] */
    nlb_fill_opening(work, listener, target, now_ns, v6);
    if (preserves == 0) nlb_copy_address(group->source_be, work->opening.becomes.source_be, v6);
    reason = nlb_open_flow(world, preserves, work, v6);
    if (reason != NLB_REASON_NEW_FLOW) return reason;
    verdict->becomes = work->opening.becomes;
    work->found.client_key = desc->key;
    work->found.becomes = verdict->becomes;
    nlb_port_event(world, NLB_EVENT_OPENED, &work->found, &work->opening.client);
    return reason;
}

NLB_NOINLINE enum nlb_l4_reason nlb_open4(struct nlb_world* world, struct nlb_l4_work* work,
                                          const struct nlb_listener* listener, nlb_u64 now_ns) {
    return nlb_open(world, work, listener, now_ns, 0);
}

NLB_NOINLINE enum nlb_l4_reason nlb_open6(struct nlb_world* world, struct nlb_l4_work* work,
                                          const struct nlb_listener* listener, nlb_u64 now_ns) {
    return nlb_open(world, work, listener, now_ns, 1);
}

NLB_C_TEXT_END

#endif
