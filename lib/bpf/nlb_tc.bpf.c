/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * The packet core at TC ingress. Forwarded packets leave by the interface that the routing table
 * names, or go on into the host's IP stack when that has more to do; resets leave where their cause
 * came in.
 */
#include "bpf/nlb_maps.h"

#include <linux/if_packet.h>
#include <linux/pkt_cls.h>

#define NLB_CONTEXT struct __sk_buff
#include "bpf/nlb_hop.h"

static nlb_u8* nlb_port_begin(struct nlb_world* world) {
    return (nlb_u8*)(long)world->packet->data;
}

static nlb_u8* nlb_port_end(struct nlb_world* world) {
    return (nlb_u8*)(long)world->packet->data_end;
}

/* Headers may lie outside the linear part of the packet. */
static int nlb_port_pull(struct nlb_world* world) {
    const nlb_u32 length = world->packet->len;
    const nlb_u32 linear = world->packet->data_end - world->packet->data;
    const nlb_u32 wanted = length < NLB_LONGEST_HEADERS ? length : NLB_LONGEST_HEADERS;
    return linear < wanted && bpf_skb_pull_data(world->packet, wanted) == 0;
}

static nlb_u32 nlb_port_resize(struct nlb_world* world, nlb_u32 length) {
    return bpf_skb_change_tail(world->packet, length, 0) != 0 ||
           bpf_skb_pull_data(world->packet, length) != 0;
}

/* Two steps, because of a packet whose checksum the kernel completes later only the sum of the
 * pseudo-header is in the field. ICMP has no such packets. */
NLB_INLINE nlb_u32 nlb_port_l4_csum(struct nlb_world* world, nlb_u32 offset, nlb_u8 protocol,
                                    nlb_u32 address_sum, nlb_u32 other_sum) {
    const nlb_u64 flags = protocol == NLB_PROTOCOL_UDP ? BPF_F_MARK_MANGLED_0 : 0;
    return bpf_l4_csum_replace(world->packet, offset, 0, address_sum, flags | BPF_F_PSEUDO_HDR) !=
               0 ||
           bpf_l4_csum_replace(world->packet, offset, 0, other_sum, flags) != 0;
}

static nlb_u32 nlb_frame_ifindex(struct nlb_world* world) {
    return world->packet->ifindex;
}

/* A packet of many segments has one set of headers. */
static nlb_u32 nlb_frame_segment(struct nlb_world* world, const struct nlb_l4_desc* desc) {
    const nlb_u32 payload = world->packet->gso_size;
    if (payload == 0) return desc->length;
    if (desc->outer_protocol == NLB_PROTOCOL_UDP)
        return desc->l4_offset - desc->l3_offset + sizeof(struct nlb_udp) + payload;
    return desc->length - desc->segment_length + ((desc->tcp_flags & NLB_TCP_FIN) != 0) + payload;
}

/* An error in place would be spoilt by the checksum that the kernel still owes the packet it was:
 * userspace sends it. */
static void send_answer(struct nlb_world* world) {
    nlb_u64 last = (nlb_u64)world->packet->len - 1U; /* byte; of an empty packet: beyond all */
    struct nlb_answer_event* event = bpf_ringbuf_reserve(&nlb_events, sizeof(*event), 0);
    if (!event) {
        nlb_lose_event();
        return;
    }
    event->kind = NLB_EVENT_ANSWER;
    event->ifindex = world->packet->ifindex;
    event->zero = 0;
    event->length = world->packet->len;
    barrier_var(last); /* bounds and use stay in one register, for the verifier */
    if (last >= NLB_ANSWER_BYTES ||
        bpf_skb_load_bytes(world->packet, 0, event->frame, last + 1U) != 0)
        bpf_ringbuf_discard(event, BPF_RB_NO_WAKEUP);
    else
        bpf_ringbuf_submit(event, BPF_RB_FORCE_WAKEUP);
}

NLB_INLINE int forward(struct nlb_world* world) {
    const struct nlb_scratch* scratch = world->scratch;
    struct nlb_ethernet* ethernet = (struct nlb_ethernet*)nlb_port_begin(world);
    struct bpf_redir_neigh next_hop;
    /* Nor can a tag that is not in the frame be taken off here. */
    if (scratch->way == NLB_WAY_UP || world->packet->vlan_present) return TC_ACT_OK;
    if (scratch->way == NLB_WAY_NEIGHBOR) {
        __builtin_memset(&next_hop, 0, sizeof(next_hop));
        next_hop.nh_family = scratch->next_hop_family == 4 ? NLB_AF_INET : NLB_AF_INET6;
        __builtin_memcpy(next_hop.ipv6_nh, scratch->next_hop_be, 16);
        return (int)bpf_redirect_neigh(scratch->hop.ifindex, &next_hop, sizeof(next_hop), 0);
    }
    if ((nlb_u8*)(ethernet + 1) > nlb_port_end(world)) return TC_ACT_SHOT;
    nlb_copy_mac(scratch->hop.destination, ethernet->destination);
    nlb_copy_mac(scratch->hop.source, ethernet->source);
    return (int)bpf_redirect(scratch->hop.ifindex, 0);
}

NLB_INLINE int act(struct nlb_world* world) {
    switch (world->scratch->work.verdict.action) {
    case NLB_FORWARD: return nlb_config.testing ? TC_ACT_OK : forward(world);
    case NLB_RESET: return (int)bpf_redirect(world->packet->ifindex, 0);
    case NLB_ICMP:
        if (!nlb_config.testing) send_answer(world);
        return TC_ACT_SHOT;
    case NLB_PASS: return TC_ACT_OK;
    default: return TC_ACT_SHOT;
    }
}

/* A frame for many hosts is never answered [RFC 1122 3.3.6]: the host's stack knows what it is. */
NLB_INLINE int is_for_many(const struct __sk_buff* packet) {
    return !nlb_config.testing &&
           (packet->pkt_type == PACKET_BROADCAST || packet->pkt_type == PACKET_MULTICAST);
}

SEC("tc")

int nlb_tc(struct __sk_buff* packet) {
    struct nlb_world world = {packet, 0, 0, 0, 0};
    nlb_u64 now_ns;
    if (is_for_many(packet)) return TC_ACT_OK;
    if (nlb_begin_packet(&world, &now_ns) != 0) return TC_ACT_SHOT;
    nlb_l4_packet(&world, now_ns, &world.scratch->work);
    nlb_tell_test(&world);
    return act(&world);
}

char nlb_license[] SEC("license") = "GPL";
