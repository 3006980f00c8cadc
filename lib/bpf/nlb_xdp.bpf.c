/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * The packet core at XDP. Frames come whole, with their checksums complete: a sender on the same
 * host that leaves checksums to its device must not.
 */
#include "bpf/nlb_maps.h"

#define NLB_CONTEXT struct xdp_md
#include "bpf/nlb_hop.h"

static nlb_u8* nlb_port_begin(struct nlb_world* world) {
    return (nlb_u8*)(long)world->packet->data;
}

static nlb_u8* nlb_port_end(struct nlb_world* world) {
    return (nlb_u8*)(long)world->packet->data_end;
}

static int nlb_port_pull(struct nlb_world* world) {
    return 0;
}

static nlb_u32 nlb_port_resize(struct nlb_world* world, nlb_u32 length) {
    nlb_u32 is = (nlb_u32)(nlb_port_end(world) - nlb_port_begin(world));
    barrier_var(is); /* the verifier knows this difference, and no other order of the terms */
    return bpf_xdp_adjust_tail(world->packet, (int)length - (int)is) != 0;
}

NLB_INLINE nlb_u32 nlb_port_l4_csum(struct nlb_world* world, nlb_u32 offset, nlb_u8 protocol,
                                    nlb_u32 address_sum, nlb_u32 other_sum) {
    nlb_u8* begin = nlb_port_begin(world);
    nlb_u8* field = begin + nlb_within_headers(offset);
    nlb_u16 checksum;
    if (offset > NLB_LONGEST_HEADERS || field + 2 > nlb_port_end(world)) return 1;
    checksum = nlb_load16(field);
    if (checksum == 0 && protocol == NLB_PROTOCOL_UDP) return 0;
    checksum = nlb_csum_update(nlb_csum_update(checksum, address_sum), other_sum);
    if (checksum == 0 && protocol == NLB_PROTOCOL_UDP) checksum = 0xffffU;
    nlb_store16(field, checksum);
    return 0;
}

static nlb_u32 nlb_frame_ifindex(struct nlb_world* world) {
    return world->packet->ingress_ifindex;
}

static nlb_u32 nlb_frame_segment(struct nlb_world* world, const struct nlb_l4_desc* desc) {
    return desc->length;
}

/* XDP cannot ask for a link address; userspace does. */
static void nlb_no_neighbor(struct nlb_world* world) {
    struct nlb_neighbor_event* event = bpf_ringbuf_reserve(&nlb_events, sizeof(*event), 0);
    if (!event) {
        nlb_lose_event();
        return;
    }
    event->kind = NLB_EVENT_NO_NEIGHBOR;
    event->ifindex = world->scratch->hop.ifindex;
    event->family = world->scratch->next_hop_family;
    __builtin_memcpy(event->address_be, world->scratch->next_hop_be, 16);
    event->zero = 0;
    bpf_ringbuf_submit(event, BPF_RB_FORCE_WAKEUP);
}

NLB_INLINE int forward(struct nlb_world* world) {
    struct nlb_scratch* scratch = world->scratch;
    struct nlb_ethernet* ethernet = (struct nlb_ethernet*)nlb_port_begin(world);
    if (scratch->way == NLB_WAY_UP) return XDP_PASS;
    if (scratch->way == NLB_WAY_NEIGHBOR) { /* the sender will try again */
        nlb_set_verdict(&scratch->work, NLB_REASON_NO_NEIGHBOR);
        nlb_port_count(world, &scratch->work);
        nlb_no_neighbor(world);
        return XDP_DROP;
    }
    if ((nlb_u8*)(ethernet + 1) > nlb_port_end(world)) return XDP_DROP;
    nlb_copy_mac(scratch->hop.destination, ethernet->destination);
    nlb_copy_mac(scratch->hop.source, ethernet->source);
    return (int)bpf_redirect(scratch->hop.ifindex, 0);
}

/* Back to where it came from. Not XDP_TX: a veth interface tells its peer of such a frame only if
 * an XDP program runs there too, and else leaves it lying until something else is sent. */
NLB_INLINE int answer(struct nlb_world* world) {
    if (nlb_config.testing) return XDP_TX;
    return (int)bpf_redirect(world->packet->ingress_ifindex, 0);
}

NLB_INLINE int act(struct nlb_world* world) {
    switch (world->scratch->work.verdict.action) {
    case NLB_FORWARD: return nlb_config.testing ? XDP_PASS : forward(world);
    case NLB_RESET:
    case NLB_ICMP: return answer(world);
    case NLB_PASS: return XDP_PASS;
    default: return XDP_DROP;
    }
}

/* A frame for many hosts is never answered [RFC 1122 3.3.6]: the host's stack knows what it is. */
NLB_INLINE int is_for_many(struct nlb_world* world) {
    const nlb_u8* begin = nlb_port_begin(world);
    if (nlb_config.testing || begin + 1 > nlb_port_end(world)) return 0;
    return (begin[0] & 1U) != 0;
}

SEC("xdp")

int nlb_xdp(struct xdp_md* packet) {
    struct nlb_world world = {packet, 0, 0, 0, 0};
    nlb_u64 now_ns;
    if (is_for_many(&world)) return XDP_PASS;
    if (nlb_begin_packet(&world, &now_ns) != 0) return XDP_ABORTED;
    nlb_l4_packet(&world, now_ns, &world.scratch->work);
    nlb_tell_test(&world);
    return act(&world);
}

char nlb_license[] SEC("license") = "GPL";
