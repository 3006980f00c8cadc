/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
 *
 * A frame turned around into the node's answer: the RST that a segment without a flow gets
 * [RFC 9293 3.10.7.1], and the ICMP error for a packet that the next hop does not take
 * [RFC 1191, RFC 4443 3.2]. Headers without options, link addresses swapped.
 */
#ifndef NLB_L4_ANSWER_H
#define NLB_L4_ANSWER_H

#include "l4_rewrite.h"

NLB_C_TEXT_BEGIN

static nlb_u32 nlb_port_resize(struct nlb_world* world, nlb_u32 length);
static int nlb_port_pull(struct nlb_world* world);

#define NLB_ANSWER_TTL 64U

NLB_INLINE void nlb_swap_macs(struct nlb_ethernet* ethernet) {
    nlb_u8 kept[6];
    nlb_copy_mac(ethernet->destination, kept);
    nlb_copy_mac(ethernet->source, ethernet->destination);
    nlb_copy_mac(kept, ethernet->source);
}

NLB_INLINE nlb_u32 nlb_ip_length(int v6) {
    return v6 ? (nlb_u32)sizeof(struct nlb_ipv6) : (nlb_u32)sizeof(struct nlb_ipv4);
}

NLB_INLINE void nlb_fill_ipv4(struct nlb_ipv4* ip, nlb_u16 payload, nlb_u8 protocol,
                              const nlb_u32* source_be, const nlb_u32* destination_be) {
    __builtin_memset(ip, 0, sizeof(*ip));
    ip->version_ihl = 0x45;
    nlb_store16(ip->total_length, nlb_hton16((nlb_u16)(sizeof(*ip) + payload)));
    ip->fragment[0] = 0x40; /* don't fragment */
    ip->ttl = NLB_ANSWER_TTL;
    ip->protocol = protocol;
    nlb_store32(ip->source, source_be[0]);
    nlb_store32(ip->destination, destination_be[0]);
    nlb_store16(ip->checksum, nlb_sum_fold(nlb_sum_words((const nlb_u8*)ip, sizeof(*ip))));
}

NLB_INLINE void nlb_fill_ipv6(struct nlb_ipv6* ip, nlb_u16 payload, nlb_u8 protocol,
                              const nlb_u32* source_be, const nlb_u32* destination_be) {
    __builtin_memset(ip, 0, 8);
    ip->version_class_flow[0] = 0x60;
    nlb_store16(ip->payload_length, nlb_hton16(payload));
    ip->next_header = protocol;
    ip->hop_limit = NLB_ANSWER_TTL;
    __builtin_memcpy(ip->source, source_be, 16);
    __builtin_memcpy(ip->destination, destination_be, 16);
}

/* The link header turned around and a new IP header behind it, in a frame that has been cut to
 * size; returns what follows, or a null pointer when the frame is too short. */
NLB_INLINE nlb_u8* nlb_begin_answer(struct nlb_world* world, nlb_u32 l3, nlb_u16 payload,
                                    nlb_u8 protocol, const nlb_u32* source_be,
                                    const nlb_u32* destination_be, int v6) {
    nlb_u8* begin = nlb_port_begin(world);
    nlb_u8* end = nlb_port_end(world);
    nlb_u8* ip = begin + nlb_within_headers(l3);
    if (l3 > NLB_LONGEST_L3_OFFSET || begin + sizeof(struct nlb_ethernet) > end) return 0;
    if (ip + nlb_ip_length(v6) + payload > end) return 0;
    nlb_swap_macs((struct nlb_ethernet*)begin);
    if (v6)
        nlb_fill_ipv6((struct nlb_ipv6*)ip, payload, protocol, source_be, destination_be);
    else
        nlb_fill_ipv4((struct nlb_ipv4*)ip, payload, protocol, source_be, destination_be);
    return ip + nlb_ip_length(v6);
}

/* Sequence and acknowledgment so that the sender of the segment accepts the RST: after an ACK its
 * acknowledgment is our sequence number; otherwise ours is 0 and we acknowledge the segment. */
NLB_INLINE void nlb_fill_reset_tcp(struct nlb_tcp* tcp, const struct nlb_l4_desc* desc) {
    __builtin_memset(tcp, 0, sizeof(*tcp));
    nlb_store16(tcp->source_port, desc->key.destination_port_be);
    nlb_store16(tcp->destination_port, desc->key.source_port_be);
    tcp->data_offset = 5U << 4U;
    tcp->flags = NLB_TCP_RST;
    if ((desc->tcp_flags & NLB_TCP_ACK) != 0) {
        nlb_store32(tcp->sequence, nlb_hton32(desc->acknowledgment));
    } else {
        tcp->flags |= NLB_TCP_ACK;
        nlb_store32(tcp->acknowledgment, nlb_hton32(desc->sequence + desc->segment_length));
    }
}

/* Not 0: the frame must not go out. */
NLB_INLINE nlb_u32 nlb_write_reset(struct nlb_world* world, const struct nlb_l4_work* work,
                                   int v6) {
    const struct nlb_l4_desc* desc = &work->desc;
    const struct nlb_tuple* key = &desc->key;
    const nlb_u32 l3 = desc->l3_offset;
    const nlb_u32 l4 = l3 + nlb_ip_length(v6);
    struct nlb_tcp* tcp;
    nlb_u32 pseudo;
    nlb_u32 header;
    if (nlb_port_resize(world, l4 + (nlb_u32)sizeof(*tcp)) != 0) return 1;
    tcp = (struct nlb_tcp*)nlb_begin_answer(world, l3, sizeof(*tcp), NLB_PROTOCOL_TCP,
                                            key->destination_be, key->source_be, v6);
    if (!tcp) return 1;
    nlb_fill_reset_tcp(tcp, desc);
    header = nlb_sum_words((const nlb_u8*)tcp, sizeof(*tcp));
    pseudo =
        nlb_sum_pseudo(key->destination_be, key->source_be, NLB_PROTOCOL_TCP, sizeof(*tcp), v6);
    /* The checksum of nothing; the port adds the pseudo-header and, unless the kernel will do it
     * later, the header. */
    nlb_store16(tcp->checksum, 0xffffU);
    return nlb_port_l4_csum(world, l4 + NLB_TCP_CHECKSUM_OFFSET, NLB_PROTOCOL_TCP, pseudo, header);
}

NLB_INLINE void nlb_fill_too_big(struct nlb_icmp* icmp, const struct nlb_l4_work* work,
                                 nlb_u32 quoted, int v6) {
    const struct nlb_tuple* ends = &work->verdict.becomes;
    nlb_u32 sum = nlb_sum_words(work->quote, quoted);
    icmp->type = v6 ? NLB_ICMPV6_TOO_BIG : NLB_ICMP_UNREACHABLE;
    icmp->code = v6 ? 0 : NLB_ICMP_FRAGMENTATION_NEEDED;
    nlb_store16(icmp->checksum, 0);
    nlb_store16(icmp->unused, 0);
    nlb_store16(icmp->mtu, nlb_hton16(work->verdict.mtu));
    sum = nlb_sum_add(sum, nlb_sum_words((const nlb_u8*)icmp, sizeof(*icmp)));
    if (v6)
        sum = nlb_sum_add(sum,
                          nlb_sum_pseudo(ends->source_be, ends->destination_be, NLB_PROTOCOL_ICMPV6,
                                         (nlb_u16)(sizeof(*icmp) + quoted), 1));
    nlb_store16(icmp->checksum, nlb_sum_fold(sum));
}

/* `length` bytes of the frame, or a null pointer when they are not all there. `offset` is at most
 * NLB_LONGEST_HEADERS. */
NLB_INLINE const nlb_u8* nlb_bytes_at(struct nlb_world* world, nlb_u32 offset, nlb_u32 length) {
    const nlb_u8* bytes = nlb_port_begin(world) + nlb_within_headers(offset);
    return bytes + length > nlb_port_end(world) ? 0 : bytes;
}

/* The error has the ends of `work->verdict.becomes` and quotes the packet as its sender sent it.
 * Not 0: the frame must not go out. The checksum is complete: a frame whose checksum the kernel
 * completes later must not be answered in place. */
NLB_INLINE nlb_u32 nlb_write_too_big(struct nlb_world* world, struct nlb_l4_work* work, int v6) {
    const nlb_u32 l3 = work->desc.l3_offset;
    const nlb_u32 quoted = v6 ? NLB_QUOTE6 : NLB_QUOTE4;
    const nlb_u16 payload = (nlb_u16)(sizeof(struct nlb_icmp) + quoted);
    const struct nlb_tuple* ends = &work->verdict.becomes;
    struct nlb_icmp* icmp;
    const nlb_u32 length = nlb_ip_length(v6) + payload;
    const nlb_u8* packet;
    if (l3 > NLB_LONGEST_L3_OFFSET) return 1;
    /* What is too big is longer than the answer, unless the capture left out its payload; it may
     * lie further off than the headers. */
    packet = nlb_bytes_at(world, l3, length);
    if (!packet && nlb_port_pull(world)) packet = nlb_bytes_at(world, l3, length);
    if (!packet) return 1;
    __builtin_memcpy(work->quote, packet, v6 ? NLB_QUOTE6 : NLB_QUOTE4);
    if (nlb_port_resize(world, l3 + length) != 0) return 1;
    icmp = (struct nlb_icmp*)nlb_begin_answer(world, l3, payload,
                                              v6 ? NLB_PROTOCOL_ICMPV6 : NLB_PROTOCOL_ICMP,
                                              ends->source_be, ends->destination_be, v6);
    if (!icmp) return 1;
    __builtin_memcpy((nlb_u8*)icmp + sizeof(*icmp), work->quote, v6 ? NLB_QUOTE6 : NLB_QUOTE4);
    nlb_fill_too_big(icmp, work, quoted, v6);
    return 0;
}

NLB_NOINLINE nlb_u32 nlb_answer4(struct nlb_world* world, struct nlb_l4_work* work) {
    return work->verdict.action == NLB_RESET ? nlb_write_reset(world, work, 0)
                                             : nlb_write_too_big(world, work, 0);
}

NLB_NOINLINE nlb_u32 nlb_answer6(struct nlb_world* world, struct nlb_l4_work* work) {
    return work->verdict.action == NLB_RESET ? nlb_write_reset(world, work, 1)
                                             : nlb_write_too_big(world, work, 1);
}

NLB_C_TEXT_END

#endif
