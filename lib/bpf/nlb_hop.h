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

/* The place of the interface, or a null pointer when another one has it. */
static struct nlb_device* nlb_device_of(nlb_u32 ifindex) {
    const nlb_u32 place = ifindex & (NLB_DEVICES - 1U);
    struct nlb_device* device = bpf_map_lookup_elem(&nlb_devices, &place);
    if (!device || (device->ifindex != 0 && device->ifindex != ifindex)) return 0;
    return device;
}

/* A reader on another CPU believes a hop by its epoch, so that is written last. */
NLB_NOINLINE void nlb_remember_hop(struct nlb_flow* flow, const struct nlb_next_hop* hop,
                                   nlb_u16 epoch) {
    struct nlb_device* device = nlb_device_of(hop->ifindex);
    if (!device) return;
    nlb_copy_mac(hop->source, device->address);
    device->ifindex = hop->ifindex;
    flow->hop.epoch = 0;
    barrier();
    flow->hop.device = (nlb_u16)(hop->ifindex & (NLB_DEVICES - 1U));
    flow->hop.mtu = (nlb_u16)(hop->mtu > 0xffffU ? 0xffffU : hop->mtu);
    nlb_copy_mac(hop->destination, flow->hop.destination);
    barrier();
    flow->hop.epoch = epoch;
}

/* 0: nothing is remembered. */
NLB_INLINE int nlb_recall_hop(const struct nlb_flow* flow, struct nlb_scratch* scratch,
                              nlb_u16 epoch) {
    const struct nlb_device* device;
    nlb_u32 place;
    if (!flow || flow->hop.epoch != epoch) return 0;
    place = flow->hop.device;
    device = bpf_map_lookup_elem(&nlb_devices, &place);
    if (!device) return 0;
    scratch->hop.ifindex = device->ifindex;
    scratch->hop.mtu = flow->hop.mtu;
    nlb_copy_mac(flow->hop.destination, scratch->hop.destination);
    nlb_copy_mac(device->address, scratch->hop.source);
    scratch->way = NLB_WAY_HOP;
    return 1;
}

NLB_INLINE nlb_u32 nlb_port_too_big(struct nlb_world* world, const struct nlb_l4_work* work,
                                    struct nlb_flow* flow) {
    const struct nlb_l4_desc* desc = &work->desc;
    struct nlb_scratch* scratch = world->scratch;
    const nlb_u16 epoch = (nlb_u16)world->state->hop_epoch;
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
