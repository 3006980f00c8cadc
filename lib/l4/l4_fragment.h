/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * Fragments: only the first one holds the ports, so it leaves them where the later ones find them.
 * A fragment that comes before the first is lost, and the datagram with it.
 */
#ifndef NLB_L4_FRAGMENT_H
#define NLB_L4_FRAGMENT_H

#include "l4_flow.h"
#include "l4_hash.h"

NLB_C_TEXT_BEGIN

struct nlb_world;

/* Ports used here; l4_core.h says what each promises. */
static struct nlb_fragment* nlb_port_fragment(struct nlb_world* world, nlb_u32 slot);
static void nlb_port_ask(struct nlb_world* world, enum nlb_l4_question question, nlb_u64 answer);

NLB_INLINE void nlb_fill_fragment_key(const struct nlb_l4_desc* desc,
                                      struct nlb_fragment_key* key) {
    nlb_copy_address(desc->key.source_be, key->source_be, 1);
    nlb_copy_address(desc->key.destination_be, key->destination_be, 1);
    key->id = desc->fragment_id;
    key->protocol = desc->key.family == 4 ? desc->key.protocol : 0;
    key->family = desc->key.family;
    key->zero[0] = key->zero[1] = 0;
}

NLB_INLINE int nlb_same_datagram(const struct nlb_fragment_key* a,
                                 const struct nlb_fragment_key* b) {
    return nlb_same_address(a->source_be, b->source_be, 1) &&
           nlb_same_address(a->destination_be, b->destination_be, 1) && a->id == b->id &&
           a->protocol == b->protocol && a->family == b->family;
}

NLB_INLINE struct nlb_fragment* nlb_fragment_slot(struct nlb_world* world,
                                                  const struct nlb_fragment_key* key) {
    const nlb_u64 ends = (nlb_u64)(key->source_be[0] ^ key->source_be[3]) << 32U |
                         (key->destination_be[0] ^ key->destination_be[3]);
    const nlb_u64 hash = nlb_mix64(nlb_mix64(ends) + key->id + key->protocol);
    return nlb_port_fragment(world, (nlb_u32)hash & (NLB_FRAGMENT_SLOTS - 1U));
}

/* The first fragment's ports; not of packets that were refused or are not ours, so that strangers
 * take no slots. */
NLB_NOINLINE void nlb_fragment_remember(struct nlb_world* world, const struct nlb_l4_work* work,
                                        nlb_u64 now_ns) {
    const struct nlb_l4_desc* desc = &work->desc;
    struct nlb_fragment_key key;
    struct nlb_fragment* entry;
    if (work->verdict.action != NLB_FORWARD && work->verdict.action != NLB_PASS) return;
    if (work->verdict.reason == NLB_REASON_NOT_OURS) return;
    if (desc->outer_protocol != NLB_PROTOCOL_TCP && desc->outer_protocol != NLB_PROTOCOL_UDP)
        return;
    nlb_fill_fragment_key(desc, &key);
    entry = nlb_fragment_slot(world, &key);
    if (!entry) return;
    entry->key = key;
    entry->source_port_be = desc->key.source_port_be;
    entry->destination_port_be = desc->key.destination_port_be;
    entry->protocol = desc->key.protocol;
    entry->seen_ns = now_ns;
}

/* Ports and protocol of a later fragment into desc->key; 0 when the first one was not seen. */
NLB_NOINLINE int nlb_fragment_ports(struct nlb_world* world, struct nlb_l4_desc* desc,
                                    nlb_u64 now_ns) {
    struct nlb_fragment_key key;
    const struct nlb_fragment* entry;
    int is_known;
    nlb_fill_fragment_key(desc, &key);
    entry = nlb_fragment_slot(world, &key);
    is_known = entry && nlb_same_datagram(&entry->key, &key) &&
               (now_ns < entry->seen_ns || now_ns - entry->seen_ns <= NLB_FRAGMENT_NS);
    nlb_port_ask(world, NLB_ASK_FRAGMENT_KNOWN, (nlb_u64)is_known);
    if (!is_known) return 0;
    desc->key.source_port_be = entry->source_port_be;
    desc->key.destination_port_be = entry->destination_port_be;
    desc->key.protocol = entry->protocol;
    desc->outer_protocol = entry->protocol;
    return 1;
}

NLB_C_TEXT_END

#endif
