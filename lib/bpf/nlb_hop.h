/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * Where a rewritten packet goes next: the routing table's answer, remembered in the flow while no
 * route, neighbor or link has changed (nlb_state.hop_epoch).
 */
#ifndef NLB_BPF_HOP_H
#define NLB_BPF_HOP_H

#include "bpf/nlb_ports.h"

#define NLB_AF_INET 2U
#define NLB_AF_INET6 10U
#define NLB_ETHERNET_BYTES 14U

/* Of the frame: bytes of the largest IP packet that will leave (a segment of a large send). */
static nlb_u32 nlb_frame_segment(struct nlb_world* world, const struct nlb_l4_desc* desc);

NLB_NOINLINE void nlb_ask_route(struct nlb_world* world, const struct nlb_tuple* becomes) {
    struct nlb_scratch* scratch = world->scratch;
    struct bpf_fib_lookup fib;
    long rc;
    __builtin_memset(&fib, 0, sizeof(fib));
    fib.family = becomes->family == 4 ? NLB_AF_INET : NLB_AF_INET6;
    fib.l4_protocol = becomes->protocol;
    fib.sport = becomes->source_port_be;
    fib.dport = becomes->destination_port_be;
    fib.tot_len = 1; /* asks for the MTU of the route */
    fib.ifindex = nlb_frame_ifindex(world);
    __builtin_memcpy(fib.ipv6_src, becomes->source_be, 16);
    __builtin_memcpy(fib.ipv6_dst, becomes->destination_be, 16);
    rc = bpf_fib_lookup(world->packet, &fib, sizeof(fib), 0);
    scratch->way = NLB_WAY_UP;
    if (rc == BPF_FIB_LKUP_RET_SUCCESS) {
        scratch->way = NLB_WAY_HOP;
        scratch->hop.mtu = fib.mtu_result;
    } else if (rc == BPF_FIB_LKUP_RET_NO_NEIGH) {
        scratch->way = NLB_WAY_NEIGHBOR;
        scratch->hop.mtu = 0;
    }
    scratch->hop.ifindex = fib.ifindex;
    __builtin_memcpy(scratch->hop.destination, fib.dmac, 6);
    __builtin_memcpy(scratch->hop.source, fib.smac, 6);
    scratch->next_hop_family = fib.family == NLB_AF_INET ? 4 : 6;
    __builtin_memcpy(scratch->next_hop_be, fib.ipv6_dst, 16);
}

NLB_INLINE nlb_u32 nlb_hop_place(const struct nlb_next_hop* hop, nlb_u32 probe) {
    const nlb_word32* words = (const nlb_word32*)hop;
    const nlb_u32 mixed = (words[0] ^ words[2] ^ words[3]) * 0x9e3779b1U; /* the link addresses */
    return ((mixed >> 16U) + probe) & (NLB_HOPS - 1U);
}

NLB_INLINE int nlb_same_hop(const struct nlb_next_hop* a, const struct nlb_next_hop* b) {
    const nlb_word32* left = (const nlb_word32*)a;
    const nlb_word32* right = (const nlb_word32*)b;
    return ((left[0] ^ right[0]) | (left[1] ^ right[1]) | (left[2] ^ right[2]) |
            (left[3] ^ right[3]) | (left[4] ^ right[4])) == 0;
}

/* Takes the place if it is free. Whoever reads it believes it by its epoch. */
NLB_INLINE void nlb_take_hop(struct nlb_known_hop* known, const struct nlb_next_hop* hop,
                             nlb_u32 epoch) {
    const nlb_u32 was = *(volatile nlb_u32*)&known->epoch;
    const nlb_u32 busy = epoch | NLB_HOP_BUSY;
    if (was == epoch || was == busy) return;
    if (__sync_val_compare_and_swap(&known->epoch, was, busy) != was) return;
    known->hop = *hop;
    __sync_lock_test_and_set(&known->epoch, epoch);
}

/* Where no place is left the routing table is asked for every packet. */
NLB_NOINLINE void nlb_remember_hop(struct nlb_flow* flow, const struct nlb_next_hop* hop,
                                   nlb_u32 epoch) {
    for (nlb_u32 probe = 0; probe < NLB_HOP_PROBES; ++probe) {
        const nlb_u32 place = nlb_hop_place(hop, probe);
        struct nlb_known_hop* known = bpf_map_lookup_elem(&nlb_hops, &place);
        if (!known) return;
        nlb_take_hop(known, hop, epoch);
        if (*(volatile nlb_u32*)&known->epoch != epoch || !nlb_same_hop(&known->hop, hop)) continue;
        flow->hop = epoch << 16U | place;
        return;
    }
}

/* 0: nothing is remembered. */
NLB_INLINE int nlb_recall_hop(const struct nlb_flow* flow, struct nlb_scratch* scratch,
                              nlb_u32 epoch) {
    const nlb_u32 remembered = flow ? flow->hop : 0;
    const nlb_u32 place = remembered & 0xffffU;
    const struct nlb_known_hop* known;
    if (remembered >> 16U != epoch) return 0;
    known = bpf_map_lookup_elem(&nlb_hops, &place);
    if (!known || known->epoch != epoch) return 0;
    scratch->hop = known->hop;
    scratch->way = NLB_WAY_HOP;
    return 1;
}

NLB_INLINE nlb_u32 nlb_port_too_big(struct nlb_world* world, const struct nlb_l4_work* work,
                                    struct nlb_flow* flow) {
    const struct nlb_l4_desc* desc = &work->desc;
    struct nlb_scratch* scratch = world->scratch;
    const nlb_u32 epoch = world->state->hop_epoch;
    nlb_u32 mtu;
    if (nlb_config.testing) {
        mtu = world->test ? world->test->mtu : 0;
        return mtu != 0 && desc->length > mtu ? mtu : 0;
    }
    if (!nlb_recall_hop(flow, scratch, epoch)) {
        nlb_ask_route(world, &work->verdict.becomes);
        if (flow && scratch->way == NLB_WAY_HOP) nlb_remember_hop(flow, &scratch->hop, epoch);
    }
    if (desc->l3_offset != NLB_ETHERNET_BYTES) scratch->way = NLB_WAY_UP; /* a tag to take off */
    mtu = scratch->hop.mtu;
    if (scratch->way != NLB_WAY_HOP || mtu == 0 || nlb_frame_segment(world, desc) <= mtu) return 0;
    if ((desc->flags & NLB_DESC_MAY_NOT_SPLIT) != 0) return mtu;
    scratch->way = NLB_WAY_UP; /* the host splits it */
    return 0;
}

#endif
